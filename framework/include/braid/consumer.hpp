#pragma once

#include <braid/batch.hpp>
#include <braid/virtual_partition.hpp>

namespace braid {

namespace engine {
struct ConsumerAccess;
}

// The base of user code that takes batches. One object serves one virtual partition for one assignment; it is made
// on a worker when the virtual partition's first message is there, and destroyed after its last hook.
//
// Thread: all calls come from the pool's workers, never two at once for the same object, and each sees what the one
// before did. Any exception, of any type, fails the attempt and nothing else: the unmarked rest is tried again.
class Consumer {
 public:
  Consumer() = default;
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;
  virtual ~Consumer() = default;

 protected:
  // Before the first batch. An exception counts as a failed attempt of that batch; the object is then made anew.
  virtual void on_assigned(const VirtualPartition& where);
  // Returning says that every message of the batch is done, unless a ticket says so later, or the topic's offsets
  // are manual: then nothing is done but what is marked. May block.
  virtual void consume(Batch& batch) = 0;
  // For those who buffer and flush: each `tick_every` of the topic, when nothing else of the virtual partition
  // runs. One that comes due while a batch is under way, its retries included, is called behind it, before the next
  // batch; one that comes due while the last one still runs is left out. With `flow: batch` the partition's next
  // batch waits for it, with `continuous` only what follows in this virtual partition. What is durable now is said
  // by where.mark(), under manual offsets. An exception is logged, and changes nothing else.
  virtual void on_tick(const VirtualPartition& where);
  // Where the topic asks for it by `end_of_partition`: everything that was in the partition has come, and what of
  // it is this virtual partition's (with `flow: batch`: all of it) has settled. Once for each time that the end is
  // reached; again only after more messages came. Who is not done with one end when the next is reached may hear of
  // both in one call. Never beside another call; an exception is logged, and changes nothing else.
  virtual void on_end_of_partition(const VirtualPartition& where);
  // The last call when the partition goes to another member; where.lost() tells that it is gone already.
  virtual void on_revoked(const VirtualPartition& where);
  // The last call when the application stops.
  virtual void on_stopping(const VirtualPartition& where);

 private:
  friend struct engine::ConsumerAccess;
};

}  // namespace braid
