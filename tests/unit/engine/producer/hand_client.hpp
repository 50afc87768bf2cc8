#pragma once

#include "engine/ports/log.hpp"
#include "engine/ports/producer_client.hpp"

#include <braid/record.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <limits>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace braid::engine {

using namespace std::chrono_literals;

constexpr auto kDeadline = 30s;

class KeptLines final : public Log {
 public:
  [[nodiscard]] bool enabled(LogLevel) const override { return true; }
  void write(LogLevel, std::string_view, std::string_view text) override {
    const std::scoped_lock lock(mutex_);
    lines_ += std::string(text) + "\n";
  }
  [[nodiscard]] std::string text() const {
    const std::scoped_lock lock(mutex_);
    return lines_;
  }

 private:
  mutable std::mutex mutex_;
  std::string lines_;
};

// A client that the test plays the broker for. A record with the payload "refused" finds the queue full, but only
// when the test lets it; one with the payload "late" is taken, but only when the test lets it in, whatever became
// of the client meanwhile.
class HandClient final : public ProducerClient {
 public:
  Result<void> reach_broker(std::chrono::milliseconds) override { return {}; }
  Result<void> send(const OutgoingMessage& message, std::uint64_t token) override {
    std::unique_lock lock(mutex_);
    if (message.payload == "refused") {
      refusing_ = true;
      changed_.notify_all();
      changed_.wait(lock, [this] { return refuse_; });
      return Error(Error::Kind::queue_full, "full", true);
    }
    if (message.payload == "late" && !answers_itself_) return take_late(lock, message, token);
    if (fatal_) return Error(Error::Kind::other, "fatal", false, true);
    if (queued_.size() >= capacity_ || taken_.size() >= most_) {
      ++full_;
      changed_.notify_all();
      return Error(Error::Kind::queue_full, "full", true);
    }
    queued_.push_back({token, std::string(message.topic), std::string(message.payload.value_or(""))});
    taken_.push_back(queued_.back().payload);
    if (answers_itself_) answer_locked(std::nullopt);
    changed_.notify_all();
    return {};
  }
  void serve(DeliveryEvents& events, std::chrono::milliseconds timeout) override {
    std::vector<Answer> answers;
    bool tells_fatal = false;
    {
      std::unique_lock lock(mutex_);
      if (server_ == std::thread::id()) {
        server_ = std::this_thread::get_id();
        changed_.notify_all();
      }
      if (others_fail_ && server_ != std::this_thread::get_id()) throw std::bad_alloc();
      changed_.wait_for(lock, timeout, [this] { return !answers_.empty() || woken_ || tells_fatal_; });
      woken_ = false;
      tells_fatal = std::exchange(tells_fatal_, false);
      answers.swap(answers_);
    }
    if (tells_fatal) events.handle_error(Error(Error::Kind::other, "lost its sequence numbers", false, true));
    for (const Answer& answer : answers) {
      DeliveryReport report{
          .token = answer.record.token, .partition = {}, .offset = std::nullopt, .error = answer.error};
      report.topic = answer.record.topic;
      if (answer.unsent) {
        report.unsent = OutgoingMessage{.topic = answer.record.topic,
                                        .partition = std::nullopt,
                                        .key = std::nullopt,
                                        .payload = answer.record.payload,
                                        .headers = {}};
      }
      events.handle_delivery(report);
    }
  }
  [[nodiscard]] std::size_t outstanding() const override {
    const std::scoped_lock lock(mutex_);
    return queued_.size() + answers_.size();
  }
  void wake() override {
    const std::scoped_lock lock(mutex_);
    woken_ = true;
    changed_.notify_all();
  }
  void purge() override {
    const std::scoped_lock lock(mutex_);
    ++purges_;
    changed_.notify_all();
    while (answer_locked(Error(Error::Kind::closed, "purged"))) {
    }
  }

  // --- the test's

  // Reports the oldest queued record; false if there is none.
  bool answer(std::optional<Error> error = std::nullopt) {
    const std::scoped_lock lock(mutex_);
    return answer_locked(std::move(error));
  }
  // Reports each record as soon as it is taken.
  void answer_itself() {
    const std::scoped_lock lock(mutex_);
    answers_itself_ = true;
    while (answer_locked(std::nullopt)) {
    }
  }
  // From now on it can send nothing; what it has comes back, the newest first.
  void break_down() {
    const std::scoped_lock lock(mutex_);
    fatal_ = tells_fatal_ = true;
    for (; !queued_.empty(); queued_.pop_back()) {
      answers_.push_back({queued_.back(), Error(Error::Kind::closed, "purged"), true});
    }
    changed_.notify_all();
  }
  void set_capacity(std::size_t capacity) {
    const std::scoped_lock lock(mutex_);
    capacity_ = capacity;
  }
  // It takes so many in all, answered or not.
  void take_at_most(std::size_t most) {
    const std::scoped_lock lock(mutex_);
    most_ = most;
  }
  // Payloads of all that it took, in order.
  [[nodiscard]] std::vector<std::string> taken() const {
    const std::scoped_lock lock(mutex_);
    return taken_;
  }
  bool wait_for_taken(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kDeadline, [&] { return taken_.size() >= count; });
  }
  void wait_for_the_refused() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return refusing_; });
  }
  void refuse() {
    const std::scoped_lock lock(mutex_);
    refuse_ = true;
    changed_.notify_all();
  }
  bool wait_for_the_late() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kDeadline, [this] { return late_; });
  }
  void let_in() {
    const std::scoped_lock lock(mutex_);
    let_in_ = true;
    changed_.notify_all();
  }
  bool wait_for_purge() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kDeadline, [this] { return purges_ > 0; });
  }
  // Somebody has found it full.
  bool wait_for_full() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kDeadline, [this] { return full_ > 0; });
  }
  // From now on who serves gets no memory, but for the thread that was the first to serve.
  bool fail_other_servers() {
    std::unique_lock lock(mutex_);
    others_fail_ = true;
    return changed_.wait_for(lock, kDeadline, [this] { return server_ != std::thread::id(); });
  }

 private:
  struct Queued {
    std::uint64_t token = 0;
    std::string topic;
    std::string payload;
  };
  struct Answer {
    Queued record;
    std::optional<Error> error;
    bool unsent = false;
  };
  Result<void> take_late(std::unique_lock<std::mutex>& lock, const OutgoingMessage& message, std::uint64_t token) {
    const Queued record{token, std::string(message.topic), std::string(*message.payload)};
    late_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return let_in_; });
    taken_.push_back(record.payload);
    if (fatal_) {
      answers_.push_back({record, Error(Error::Kind::closed, "purged"), true});
    } else {
      queued_.push_back(record);
    }
    changed_.notify_all();
    return {};
  }
  bool answer_locked(std::optional<Error> error) {
    if (queued_.empty()) return false;
    answers_.push_back({queued_.front(), std::move(error), false});
    queued_.pop_front();
    changed_.notify_all();
    return true;
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Queued> queued_;
  std::vector<Answer> answers_;
  std::vector<std::string> taken_;
  std::size_t capacity_ = std::numeric_limits<std::size_t>::max();
  std::size_t most_ = std::numeric_limits<std::size_t>::max();
  bool answers_itself_ = false;
  bool fatal_ = false;
  bool tells_fatal_ = false;
  bool woken_ = false;
  bool refusing_ = false;
  bool refuse_ = false;
  bool late_ = false;
  bool let_in_ = false;
  bool others_fail_ = false;
  std::thread::id server_;  // the first to serve
  int purges_ = 0;
  int full_ = 0;
};

}  // namespace braid::engine
