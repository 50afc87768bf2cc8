#pragma once

#include "simulation/fake_kafka.hpp"
#include "simulation/incarnation.hpp"
#include "simulation/world.hpp"

#include <braid/message.hpp>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>

namespace braid::simulation {

// What the user code of one virtual partition was given in one incarnation, and what became of it: the plain
// record, by which all guarantees go. Worked on is what is not to begin again; done is what may be committed. Under
// automatic offsets that is the same, under manual ones only marks make it done.
// Thread: one.
class WorkRecord {
 public:
  // `dead`: the process has crashed, and what it does does not count.
  WorkRecord(World& world, FakeKafka& kafka, const bool& dead, std::shared_ptr<Incarnation> incarnation,
             std::uint32_t virtual_partition);

  // User code sees these now, some of them again.
  void give(std::span<const Message> messages);
  // All up to there is done.
  void mark(std::int64_t through);
  // The attempt ended well, or it did not: what is left of it comes again.
  void returned();
  void failed();
  // At most once: there is no second attempt, and nothing waits for these any more.
  void dropped();

  // A commit of all that is done by now is asked for.
  void asked();
  // Somebody waits for such a commit; the end says whether what was done at the beginning is stored.
  [[nodiscard]] std::size_t begin_wait();
  [[nodiscard]] bool end_wait(std::size_t wait);

  [[nodiscard]] Incarnation& incarnation() const { return *incarnation_; }
  [[nodiscard]] std::uint32_t virtual_partition() const { return virtual_partition_; }
  [[nodiscard]] VirtualPartitionFacts& facts() const {
    return incarnation_->virtual_partitions[virtual_partition_];
  }
  [[nodiscard]] const Promises& promises() const;
  // Given, and neither done nor dropped: how many, and the offset of one.
  [[nodiscard]] std::size_t open() const { return open_.size(); }
  [[nodiscard]] std::int64_t open_at(std::size_t index) const { return open_[index].offset; }

 private:
  struct Given {
    std::int64_t offset;
    int key;
  };
  void worked_on(Given given);
  void begin_again();

  World& world_;
  FakeKafka& kafka_;
  const bool& dead_;
  std::shared_ptr<Incarnation> incarnation_;
  std::uint32_t virtual_partition_;
  std::int64_t given_through_ = -1;
  std::deque<Given> open_;
};

}  // namespace braid::simulation
