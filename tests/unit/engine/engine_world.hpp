#pragma once

#include "core/recovery/refused_messages.hpp"
#include "core/virtual_partitions/splitter.hpp"
#include "engine/listener/mailbox.hpp"
#include "engine/worker/assignment.hpp"
#include "engine/worker/running_batch.hpp"
#include "engine/worker/worker_pool.hpp"
#include "unit/engine/bell.hpp"

#include <braid/batch.hpp>
#include <braid/consumer.hpp>
#include <braid/message.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace braid::test_support {

// Hands out messages without records behind them, and counts what comes back. Thread: any.
class CountingOwner final : public engine::MessageOwner {
 public:
  void release(std::span<const Message> messages) noexcept override {
    const std::lock_guard lock(mutex_);
    for (const Message& message : messages) ++released_[message.offset().value];
  }
  // A copy is told by its handle.
  std::size_t detach(std::span<Message> messages) noexcept override {
    const std::lock_guard lock(mutex_);
    std::size_t count = 0;
    for (Message& message : messages) {
      if (is_copy(message)) continue;
      detached_.push_back(message.offset().value);
      message = made(message.offset().value, &copy_mark_);
      ++count;
    }
    return count;
  }
  [[nodiscard]] static bool is_copy(const Message& message) { return message.handle() != nullptr; }
  [[nodiscard]] std::string_view topic() const override { return "events"; }
  [[nodiscard]] PartitionNumber partition() const override { return {0}; }
  [[nodiscard]] std::chrono::system_clock::time_point timestamp(const void*) const override { return time; }
  [[nodiscard]] std::vector<Header> headers(const void*) const override { return {}; }
  [[nodiscard]] std::optional<Header> header(const void*, std::string_view) const override { return std::nullopt; }

  Message message(std::int64_t offset) const { return made(offset, nullptr); }
  // Which were detached, ascending; one twice stands there twice.
  [[nodiscard]] std::vector<std::int64_t> detached() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::int64_t> offsets = detached_;
    std::ranges::sort(offsets);
    return offsets;
  }
  std::string payload;  // of the messages made from now on; none as long as it is empty
  std::function<std::string_view(std::int64_t offset)> key;  // likewise; what it gives must last
  std::chrono::system_clock::time_point time{};              // of all

  // How often each offset came back.
  [[nodiscard]] std::map<std::int64_t, int> released() const {
    const std::lock_guard lock(mutex_);
    return released_;
  }
  // Exactly these came back, each once.
  [[nodiscard]] bool released_once(std::int64_t first, std::int64_t last) const {
    std::map<std::int64_t, int> expected;
    for (std::int64_t offset = first; offset <= last; ++offset) expected[offset] = 1;
    return released() == expected;
  }

 private:
  Message made(std::int64_t offset, void* handle) const {
    Message::Parts parts;
    parts.offset = Offset{offset};
    parts.handle = handle;
    parts.source = this;
    if (key) {
      const std::string_view of_this = key(offset);
      parts.key = of_this.data();
      parts.key_size = static_cast<std::uint32_t>(of_this.size());
    }
    if (!payload.empty()) {
      parts.payload = payload.data();
      parts.payload_size = static_cast<std::uint32_t>(payload.size());
    }
    return Message(parts);
  }

  char copy_mark_ = 0;
  mutable std::mutex mutex_;
  std::map<std::int64_t, int> released_;  // guarded by mutex_
  std::vector<std::int64_t> detached_;    // guarded by mutex_
};

// What a test makes of a consumer. Functions that are not set do nothing. Thread: as Consumer says.
struct Script {
  std::function<void(const VirtualPartition&)> assigned;
  std::function<void(Batch&)> consume;
  std::function<void(const VirtualPartition&)> tick;
  std::function<void(const VirtualPartition&)> end_of_partition;
  std::function<void(const VirtualPartition&)> revoked;
  std::function<void(const VirtualPartition&)> stopping;
  std::atomic<int> made{0};
  std::atomic<int> destroyed{0};
};

class ScriptedConsumer final : public Consumer {
 public:
  explicit ScriptedConsumer(std::shared_ptr<Script> script) : script_(std::move(script)) {
    script_->made.fetch_add(1);
  }
  ~ScriptedConsumer() override { script_->destroyed.fetch_add(1); }

 protected:
  void on_assigned(const VirtualPartition& where) override {
    if (script_->assigned) script_->assigned(where);
  }
  void consume(Batch& batch) override {
    if (script_->consume) script_->consume(batch);
  }
  void on_tick(const VirtualPartition& where) override {
    if (script_->tick) script_->tick(where);
  }
  void on_end_of_partition(const VirtualPartition& where) override {
    if (script_->end_of_partition) script_->end_of_partition(where);
  }
  void on_revoked(const VirtualPartition& where) override {
    if (script_->revoked) script_->revoked(where);
  }
  void on_stopping(const VirtualPartition& where) override {
    if (script_->stopping) script_->stopping(where);
  }

 private:
  std::shared_ptr<Script> script_;  // a worker may destroy the consumer after the test is over
};

// Runs jobs when the test says so, on the test's thread. Thread: one.
class SteppedPool final : public engine::JobPool {
 public:
  bool try_submit(engine::Job& job) override {
    if (jobs_.size() >= room) return false;
    jobs_.push_back(&job);
    return true;
  }
  // Any thread, unlike the rest.
  void resume(engine::Job& job) override {
    const std::lock_guard lock(resumed_mutex_);
    resumed_.push_back(&job);
  }
  void notify_when_room(engine::Notifier& notifier) override { waiting_.insert(&notifier); }
  void cancel(engine::Notifier& notifier) override { waiting_.erase(&notifier); }

  // False: there is none.
  bool run_one() {
    if (engine::Job* resumed = next_resumed()) {
      resumed->run();
      return true;
    }
    if (jobs_.empty()) return false;
    engine::Job* job = jobs_.front();
    jobs_.erase(jobs_.begin());
    job->run();
    for (engine::Notifier* notifier : std::exchange(waiting_, {})) notifier->notify();
    return true;
  }
  void run_all() {
    while (run_one()) {
    }
  }
  [[nodiscard]] std::size_t size() const { return jobs_.size(); }
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  [[nodiscard]] std::size_t resumed() const {
    const std::lock_guard lock(resumed_mutex_);
    return resumed_.size();
  }
  std::size_t room = 1000;

 private:
  engine::Job* next_resumed() {
    const std::lock_guard lock(resumed_mutex_);
    if (resumed_.empty()) return nullptr;
    engine::Job* job = resumed_.front();
    resumed_.pop_front();
    return job;
  }

  mutable std::mutex resumed_mutex_;
  std::deque<engine::Job*> resumed_;  // guarded by resumed_mutex_
  std::vector<engine::Job*> jobs_;
  std::set<engine::Notifier*> waiting_;
};

// One assignment with all that a batch of it needs but a listener: the test is the listener.
class EngineWorld {
 public:
  explicit EngineWorld(std::uint32_t max_partitions = 4) : max_partitions_(max_partitions) {
    auto routes = std::make_shared<routing::Routes>();
    routing::Topic topic;
    topic.name = "events";
    topic.consumer = [kept = kept_script_]() -> std::unique_ptr<Consumer> {
      return std::make_unique<ScriptedConsumer>(kept);
    };
    routes->consumer_groups.push_back({.id = "group"});
    routes->consumer_groups[0].subscription_groups.push_back({.id = "lane"});
    routes->consumer_groups[0].subscription_groups[0].topics.push_back(std::move(topic));
    routes_ = routes;
    assignment = new_assignment();
  }

  // A mail holds its batch, and a batch its mailbox: who goes closes it, as a listener does.
  ~EngineWorld() { mailbox->close(); }
  EngineWorld(const EngineWorld&) = delete;
  EngineWorld& operator=(const EngineWorld&) = delete;

  std::shared_ptr<engine::Assignment> new_assignment() {
    return std::make_shared<engine::Assignment>(engine::Assignment::Parts{
        .topic = &topic(),
        .partition = {"events", {0}},
        .generation = {++generations_},
        .max_partitions = max_partitions_,
        .messages = owner,
        .jobs = jobs,
        .counters = counters,
        .routes = routes_,
        .group = "group",
        .recovery = recovery,
        .transaction = transaction,
        .refused = refused,
    });
  }
  [[nodiscard]] routing::Topic& topic() { return routes_->consumer_groups[0].subscription_groups[0].topics[0]; }

  // A batch of offsets first to last; offset o goes to virtual partition o % max_partitions.
  engine::BatchPtr batch(std::shared_ptr<engine::JobPool> pool, std::int64_t first, std::int64_t last) {
    engine::BatchPtr made(new engine::RunningBatch(assignment, mailbox, std::move(pool)));
    fill(*made, first, last);
    return made;
  }
  void fill(engine::RunningBatch& batch, std::int64_t first, std::int64_t last) {
    for (std::int64_t offset = first; offset <= last; ++offset) batch.gathered().push_back(owner->message(offset));
    std::vector<std::uint32_t> indexes;
    for (const Message& message : batch.gathered()) {
      indexes.push_back(static_cast<std::uint32_t>(message.offset().value) % max_partitions_);
    }
    batch.split(indexes, splitter_);
  }

  // The next mail; the test settles it. None: it did not come in time.
  std::optional<engine::Mail> next_mail() {
    std::optional<engine::Mail> mail;
    bell->wait([&] { return (mail = mailbox->take()).has_value(); });
    return mail;
  }
  // The next mail must be of this kind; settles it.
  bool next_is(engine::Mail::Kind kind) {
    const auto mail = next_mail();
    if (!mail) return false;
    engine::Mailbox::settle(*mail);
    return mail->kind == kind;
  }
  bool wait_until_idle() {
    jobs->watch(bell);
    const bool idle = bell->wait([&] { return jobs->idle(); });
    jobs->unwatch(*bell);
    return idle;
  }

 private:
  std::shared_ptr<Script> kept_script_ = std::make_shared<Script>();

 public:
  Script& script = *kept_script_;
  std::shared_ptr<CountingOwner> owner = std::make_shared<CountingOwner>();
  std::shared_ptr<engine::PartitionJobs> jobs = std::make_shared<engine::PartitionJobs>();
  std::shared_ptr<engine::RecoveryTools> recovery = std::make_shared<engine::RecoveryTools>();
  std::shared_ptr<engine::Counters> counters = std::make_shared<engine::Counters>();
  std::shared_ptr<Bell> bell = std::make_shared<Bell>();
  std::shared_ptr<engine::Mailbox> mailbox = std::make_shared<engine::Mailbox>(bell);
  std::shared_ptr<engine::PartitionTransaction> transaction;  // of assignments made from then on
  std::shared_ptr<const core::RefusedMessages> refused;       // likewise
  std::shared_ptr<engine::Assignment> assignment;

 private:
  std::uint32_t max_partitions_;
  std::uint64_t generations_ = 0;
  std::shared_ptr<routing::Routes> routes_;
  core::Splitter splitter_;
};

}  // namespace braid::test_support
