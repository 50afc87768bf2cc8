#pragma once

#include "core/flow/longest_first.hpp"
#include "core/flow/message_queues.hpp"
#include "core/time.hpp"

#include <braid/message.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <queue>
#include <vector>

namespace braid::core {

// The state machine of one assigned partition under `flow: continuous`: each virtual partition has its own queue
// and its own state, and there is no barrier between them.
//
//            push            due               take                   settled
//   idle ──────────▶ filling ───▶ ready ──────────────▶ running ─────────────────▶ idle, filling or ready
//                                   ▲                    │     ▲
//                                   │             failed │     │ retried (the job keeps its messages)
//                                   │                    ▼     │
//                                   └── (never) ──── backing off
//   ready ──wait()──▶ waiting ──until then──▶ ready
//
// filling: fewer than max_messages wait, and max_wait has not passed since the first of them came. With max_wait 0
// nothing ever fills. While a virtual partition runs, its queue grows, and take() may be asked again for what
// follows: the next job behind the running one.
//
// Thread: none; pure. Owned by the runner of its partition, for one assignment.
class ContinuousFlow {
 public:
  struct Settings {
    std::uint32_t max_partitions = 1;
    std::uint32_t max_messages = 100;  // a job takes at most so many
    Duration max_wait{0};
    std::uint32_t max_queued = 10'000;
    // What waits in virtual partitions that move is worth so much at most: more only takes longer to come out of
    // memory again. None: no such bound.
    std::optional<std::size_t> look_ahead{};
  };

  explicit ContinuousFlow(const Settings& settings);

  // --- admission

  // How many messages may come now: none while any queue is full, or enough waits where it moves. One call may
  // overfill a queue by what it brings, which is at most max_queued.
  [[nodiscard]] std::size_t room() const;
  // Finds out again, now and then, which virtual partitions stand still: what waits in these does not count
  // against look_ahead, or it would keep the others waiting. Before room().
  void look_for_movement(Time now);
  void push(std::uint32_t index, const Message& message, KeyId key, Time now);
  // There is nothing behind what was pushed: no use in waiting for more.
  void reached_end();
  // No more from now on, and no more attempts.
  void stop_admission();
  // Moves everything that waits in queues to `messages` and `keys`, by virtual partitions.
  void drop(std::vector<Message>& messages, std::vector<KeyId>& keys, std::vector<std::uint32_t>& indexes);

  // --- running

  // Moves on what is due by time. Before next().
  void run_timers(Time now);
  // Whose turn it is: the longest queue's.
  [[nodiscard]] std::optional<std::uint32_t> next() const;
  [[nodiscard]] bool any_ready() const { return !ready_.empty(); }
  [[nodiscard]] std::uint32_t ready_count() const { return ready_.size(); }
  // The messages of its next job leave its queue; it runs now. Requires that it is ready, or that it runs and
  // may_follow().
  void take(std::uint32_t index, std::vector<Message>& messages, std::vector<KeyId>& keys) {
    take(index, settings_.max_messages, messages, keys);
  }
  // The same of at most so many messages; more may be taken for the same job.
  void take(std::uint32_t index, std::uint32_t most, std::vector<Message>& messages, std::vector<KeyId>& keys);
  // The first message of its queue leaves it without a job.
  void remove_first(std::uint32_t index, std::vector<Message>& messages, std::vector<KeyId>& keys);
  // Nothing of it may run before then, and nothing of it is ready. Requires that it is ready.
  void wait(std::uint32_t index, Time until);
  [[nodiscard]] std::uint32_t max_messages() const { return settings_.max_messages; }
  // It runs, and what waits in its queue is worth a job behind the running one: enough is there, and no other
  // virtual partition waits with a longer queue.
  [[nodiscard]] bool may_follow(std::uint32_t index, Time now) const;
  // Something else than a job of it runs, until settled(): nothing of it is ready meanwhile. Requires that nothing
  // of it runs.
  void occupy(std::uint32_t index);
  // Its last job is done: nothing of it runs any more.
  void settled(std::uint32_t index, Time now);

  // Its job failed: it runs again when it is due; never, once admission has stopped.
  void failed(std::uint32_t index, Time due);
  // The next one that is due; it runs again.
  [[nodiscard]] std::optional<std::uint32_t> take_due(Time now);

  // When run_timers() or take_due() have something to do by time alone.
  [[nodiscard]] std::optional<Time> wakes_at() const;

  // --- figures

  [[nodiscard]] std::uint32_t queued(std::uint32_t index) const { return queues_.length(index); }
  [[nodiscard]] std::size_t queued() const { return queues_.size(); }
  [[nodiscard]] std::uint32_t full() const { return full_; }
  [[nodiscard]] bool running(std::uint32_t index) const { return lanes_[index].runs; }
  [[nodiscard]] std::size_t waiting_for_retry() const { return retries_.size(); }
  // When it runs again; none: it waits for no retry.
  [[nodiscard]] std::optional<Time> retry_of(std::uint32_t index) const { return lanes_[index].retry; }
  // Until when the first of those waits that were told to, see wait(); none: none was.
  [[nodiscard]] std::optional<Time> waits_until() const {
    return waits_.empty() ? std::nullopt : std::optional(waits_.top().until);
  }
  [[nodiscard]] MessageQueues& queues() { return queues_; }
  [[nodiscard]] const MessageQueues& queues() const { return queues_; }

 private:
  struct Lane {
    bool runs = false;   // a job of it is out, or waits for its retry
    bool waits = false;  // for its time: see wait()
    bool moved = false;  // a job of it was taken since the last look for movement
    std::optional<Time> retry{};
    Time since{};  // filling: when the first message of the queue came
  };
  struct Filling {
    Time due;
    std::uint32_t index;
    Time since;  // of the lane then: another one, and this entry is of the past
  };
  struct Wait {
    Time until;
    std::uint32_t index;
    bool operator>(const Wait& other) const { return until > other.until; }
  };
  struct Retry {
    Time due;
    std::uint32_t index;
    bool operator>(const Retry& other) const { return due > other.due; }
  };
  // What waits in virtual partitions that moved when they were last looked at, or have come since.
  [[nodiscard]] std::size_t moving() const { return queues_.size() - std::min(standing_, queues_.size()); }
  [[nodiscard]] bool enough_ahead() const { return settings_.look_ahead && moving() >= *settings_.look_ahead; }
  [[nodiscard]] bool complete(std::uint32_t index, Time now) const;
  [[nodiscard]] bool free(std::uint32_t index) const { return !lanes_[index].runs && !lanes_[index].waits; }
  void pop(std::uint32_t index, std::uint32_t most, std::vector<Message>& messages, std::vector<KeyId>& keys);
  void make_ready(std::uint32_t index) { ready_.insert(index, queues_.length(index)); }

  Settings settings_;
  MessageQueues queues_;
  LongestFirst ready_;
  std::vector<Lane> lanes_;
  std::deque<Filling> filling_;  // due in this order, since all wait equally long
  std::priority_queue<Retry, std::vector<Retry>, std::greater<>> retries_;
  std::priority_queue<Wait, std::vector<Wait>, std::greater<>> waits_;
  std::uint32_t full_ = 0;    // queues that hold max_queued or more
  std::size_t standing_ = 0;  // messages in queues that did not move, when these were last looked at
  Time next_look_{};
  bool admits_ = true;
  bool at_end_ = false;
};

}  // namespace braid::core
