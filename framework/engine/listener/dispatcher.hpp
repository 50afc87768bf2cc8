#pragma once

#include "engine/ports/job_pool.hpp"
#include "engine/worker/job_cap.hpp"
#include "engine/worker/running_batch.hpp"

#include <cstddef>
#include <deque>
#include <map>
#include <memory>

namespace braid::engine {

// A runner's ready work, in an order of its own. Thread: the listener's.
class ShareSource {
 public:
  // The share whose turn it is: it leaves the source, and is submitted now or as soon as there is room. nullptr:
  // none is ready.
  virtual Share* next_share() = 0;
  [[nodiscard]] virtual std::size_t shares_ready() const = 0;

 protected:
  ~ShareSource() = default;
};

// What is ready at a listener and waits for room in the pool's queue, which is kept short so that order, fairness
// and caps are decided here.
//
// Each assignment has a line of its own, and the lines take turns, a job each: a partition with a million messages
// waiting does not keep one with ten from its turn. Within a line its runner decides the order. Thread: the
// listener's.
class Dispatcher {
 public:
  Dispatcher(std::shared_ptr<JobPool> pool, std::shared_ptr<Notifier> notifier);
  ~Dispatcher();
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // Submits, or queues behind what waits of the same assignment.
  void send(Share& share);
  // A job of an assignment that is no share: no cap holds it back. It counts itself in and out of the partition's
  // jobs.
  void send(Job& job, const Assignment& of);
  // The same for one that goes ahead of the shares of its assignment, which a cap may hold back, and is not to
  // start any more once that is forgotten: it is abandoned then.
  void send_hook(Job& job, const Assignment& of);
  // The source has something ready: it is asked in turn until it has not, behind what was sent of its assignment.
  void offer(ShareSource& source, const Assignment& of);
  // The source is asked no more.
  void withdraw(const Assignment& of);
  // Submits what waits, as far as there is room.
  void feed();
  // Drops the shares and hooks of an assignment that wait.
  void forget(const Assignment& assignment);

  [[nodiscard]] bool holds_of(const Assignment& assignment) const;
  // Something of other assignments waits for room.
  [[nodiscard]] bool others_wait(const Assignment& than) const;
  [[nodiscard]] std::size_t waiting() const;
  [[nodiscard]] std::size_t waiting_of(const Assignment& assignment) const;

 private:
  struct Entry {
    BatchPtr batch;  // keeps the share; null for other jobs
    Share* share = nullptr;
    Job* job = nullptr;
    bool stays = false;  // when its assignment is forgotten
  };
  struct Line {
    const Assignment* of = nullptr;
    std::deque<Entry> entries;
    ShareSource* source = nullptr;
    bool in_ring = false;
    [[nodiscard]] std::size_t waiting() const {
      return entries.size() + (source != nullptr ? source->shares_ready() : 0);
    }
  };
  enum class Outcome : std::uint8_t { submitted, capped, full };

  Line& line_of(const Assignment& assignment);
  void enter(Line& line);
  void drop_if_empty(Line& line);
  [[nodiscard]] bool has_next(Line& line);
  [[nodiscard]] Outcome submit(const Entry& entry);
  [[nodiscard]] JobCap* take_credits(Share& share);
  [[nodiscard]] bool try_submit(const Entry& entry);

  std::shared_ptr<JobPool> pool_;
  std::shared_ptr<Notifier> notifier_;
  std::map<const Assignment*, Line> lines_;
  std::deque<Line*> ring_;  // those that have something, in turn
  bool full_ = false;       // the pool was, and tells when it is not
};

}  // namespace braid::engine
