#pragma once

#include "engine/listener/batch_runner.hpp"
#include "engine/listener/committer.hpp"
#include "engine/listener/continuous_runner.hpp"
#include "engine/ports/log.hpp"
#include "unit/engine/engine_world.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace braid::test_support {

using namespace std::chrono_literals;

// Keeps what is sent to it; the test answers. Thread: one.
class FakeStore final : public engine::PositionStore {
 public:
  void read_positions(std::span<const engine::TopicPartition>, std::uint64_t) override {}
  [[nodiscard]] bool may_commit() const override { return open; }
  void commit(std::span<const engine::StoredPosition> positions, std::uint64_t token) override {
    sent.emplace_back(token, positions.front().position->value);
  }
  bool open = true;
  std::vector<std::pair<std::uint64_t, std::int64_t>> sent;  // token, position of the one partition
};

// Keeps warnings, and shows nothing. Thread: one.
class QuietLog final : public engine::Log {
 public:
  [[nodiscard]] bool enabled(engine::LogLevel level) const override { return level == engine::LogLevel::warning; }
  void write(engine::LogLevel level, std::string_view, std::string_view text) override {
    if (enabled(level)) warnings.emplace_back(text);
  }
  std::vector<std::string> warnings;
};

// A partition's queue that holds what the test delivers.
class FakeQueue final : public engine::PartitionQueue {
 public:
  explicit FakeQueue(std::shared_ptr<CountingOwner> owner) : counting_(std::move(owner)), owner_(counting_) {}
  engine::TakeReport take(std::size_t max, std::vector<Message>& out) override {
    engine::TakeReport report;
    while (!waiting.empty() && report.messages < max) {
      out.push_back(counting_->message(waiting.front()));
      waiting.pop_front();
      ++report.messages;
    }
    report.more = !waiting.empty();
    if (waiting.empty() && end) {
      report.end_of_partition = true;
      report.end = CommitPosition{*std::exchange(end, std::nullopt)};
    }
    return report;
  }
  [[nodiscard]] const std::shared_ptr<engine::MessageOwner>& owner() const override { return owner_; }
  std::deque<std::int64_t> waiting;
  std::optional<std::int64_t> end;  // told once, behind what waits

 private:
  std::shared_ptr<CountingOwner> counting_;
  std::shared_ptr<engine::MessageOwner> owner_;
};

// Where dead letters go until the test answers for the broker. Thread: one.
class FakeLetters final : public engine::DeadLetterSink {
 public:
  struct Sent {
    DeadLetter letter;
    PartitionNumber original;
    Answer answer;
    [[nodiscard]] std::optional<std::string> header(std::string_view name) const {
      for (const auto& [known, value] : letter.headers) {
        if (known == name) return value;
      }
      return std::nullopt;
    }
  };
  void send(const DeadLetter& letter, PartitionNumber original, Answer answer) override {
    sent.push_back({letter, original, std::move(answer)});
  }
  // The offsets that they are from, each time they were sent.
  [[nodiscard]] std::vector<std::string> offsets() const {
    std::vector<std::string> all;
    for (const Sent& each : sent) all.push_back(each.header(dead_letter_headers::kOffset).value_or("none"));
    return all;
  }
  std::vector<Sent> sent;
};

// One partition with a committer, without threads or a listener: the test moves everything along. Batches of 4
// messages, one virtual partition unless told otherwise (messages go to them in turn), positions from 0 or `start`.
// Thread: one.
class CommitWorld {
 public:
  explicit CommitWorld(routing::Commit policy, routing::Flow flow = routing::Flow::batch,
                       std::uint32_t virtual_partitions = 1, const std::function<void(routing::Topic&)>& tune = {},
                       core::PartitionOffsets::Start start = {CommitPosition{0}, {}})
      : world(virtual_partitions) {
    world.topic().flow = flow;
    world.topic().max_messages = 4;
    world.topic().retries.backoff = fixed(10ms);
    world.topic().commit = policy;
    if (tune) tune(world.topic());
    world.recovery->now = [this] { return now; };
    world.recovery->warn = [this](std::string_view text) { log_.warnings.emplace_back(text); };
    world.assignment = world.new_assignment();
    world.script.consume = [this](Batch& batch) {
      for (const Message& message : batch) {
        consumed.push_back(message.offset().value);
        if (in_consume) in_consume(batch, message);
      }
    };
    partition_ = std::make_unique<engine::AssignedPartition>();
    partition_->name = {"events", {0}};
    lane_.topic = &world.topic();
    lane_.store = &store;
    lane_.committer = &committer;
    partition_->lane = &lane_;
    partition_->stage = engine::AssignedPartition::Stage::running;
    partition_->assignment = world.assignment;
    partition_->commits.emplace(policy, 1000ms, now);
    partition_->commits->stored(core::CommitContent::of({0}));
    engine::RunnerTools tools{.split = &split_,
                              .dispatcher = &dispatcher_,
                              .mailbox = world.mailbox,
                              .pool = pool,
                              .log = &log_,
                              .bytes = &bytes_,
                              .ready = std::make_shared<engine::ReadyFlag>(world.mailbox),
                              .commits = &*partition_->commits,
                              .balance = &balance_,
                              .letters = &letters,
                              .fatal = [this](const Error& error) { fatal.push_back(error.text()); },
                              .clock = &clock_};
    if (flow == routing::Flow::continuous) {
      partition_->runner = std::make_unique<engine::ContinuousRunner>(world.assignment, start, std::move(tools));
    } else {
      partition_->runner = std::make_unique<engine::BatchRunner>(world.assignment, start, std::move(tools));
    }
    partitions_[partition_->name] = std::move(partition_);
  }
  // What is still in the pool returns without having run, or it would keep its batch for ever.
  ~CommitWorld() {
    world.assignment->move_to(engine::Assignment::Phase::over);
    if (the().runner) the().runner->refuse();
    pool->run_all();
  }

  engine::AssignedPartition& the() { return *partitions_.begin()->second; }
  engine::Dispatcher& dispatcher() { return dispatcher_; }
  // What was logged so far.
  [[nodiscard]] const std::vector<std::string>& warnings() const { return log_.warnings; }

  void deliver(std::int64_t first, std::int64_t last) {
    for (std::int64_t offset = first; offset <= last; ++offset) queue.waiting.push_back(offset);
    turn();
  }
  // A listener's turn.
  void turn() {
    while (const auto mail = world.mailbox->take()) {
      handle(*mail);
      engine::Mailbox::settle(*mail);
    }
    pump();
    committer.turn(now);
    if (committer.take_released()) pump();
    dispatcher_.feed();
  }
  // Runs the jobs that are in the pool, and has a turn.
  void run() {
    pool->run_all();
    turn();
  }
  void answer(const Result<void>& outcome = {}) {
    committer.handle_committed(store.sent.back().first, outcome, now);
    turn();
  }
  void advance(std::chrono::milliseconds time) {
    now += time;
    wall += time;
    turn();
  }
  // What PartitionsEnding does of it.
  void end() {
    world.assignment->move_to(engine::Assignment::Phase::ending);
    the().runner->refuse();
    the().stage = engine::AssignedPartition::Stage::ending;
    turn();
    the().runner->fold();
    committer.end(the());
    turn();
  }
  // What may be committed.
  [[nodiscard]] std::int64_t position() {
    the().runner->fold();
    return the().runner->position()->value;
  }

  core::Time now = core::Time{} + 1h;
  std::chrono::system_clock::time_point wall{std::chrono::system_clock::duration(1'720'000'000s)};
  EngineWorld world;
  FakeStore store;
  std::shared_ptr<SteppedPool> pool = std::make_shared<SteppedPool>();
  FakeQueue queue{world.owner};
  std::vector<std::int64_t> consumed;
  FakeLetters letters;
  std::vector<std::string> fatal;
  std::function<void(Batch&, const Message&)> in_consume;

 private:
  void handle(const engine::Mail& mail) {
    using Kind = engine::Mail::Kind;
    if (mail.kind == Kind::batch_settled) the().runner->handle_settled(*mail.batch);
    if (mail.kind == Kind::share_open) the().runner->handle_open(*mail.share, now);
    if (mail.kind == Kind::letter_answered) the().runner->handle_letter(*mail.letter, now);
    if (mail.kind == Kind::share_held) the().runner->handle_held(*mail.share);
    if (mail.kind == Kind::partition_ready) mail.flag->lower();
    if (mail.kind == Kind::commit_wanted) committer.request(the(), *mail.request);
    committer.look(the());
  }
  void pump() {
    world.assignment->steering()->look(now);
    if (the().stage == engine::AssignedPartition::Stage::running) {
      for (bool more = true; more;) {
        more = the().runner->has_room() && the().runner->take(queue, now).more;
        the().runner->turn(now);
      }
    }
    committer.look(the());
  }

  // The test's time, for filters.
  class WorldClock final : public engine::Clock {
   public:
    explicit WorldClock(const CommitWorld& world) : world_(world) {}
    [[nodiscard]] engine::Time now() const override { return world_.now; }
    [[nodiscard]] std::chrono::system_clock::time_point wall() const override { return world_.wall; }

   private:
    const CommitWorld& world_;
  };

  WorldClock clock_{*this};
  QuietLog log_;
  engine::ByteBudget bytes_{1'000'000'000};
  engine::TopicBalance balance_{"group", "events"};
  engine::TopicSplit split_;
  engine::TopicLane lane_;
  engine::AssignedPartitions partitions_;
  engine::Dispatcher dispatcher_{pool, world.bell};
  std::unique_ptr<engine::AssignedPartition> partition_;

 public:
  engine::Committer committer{
      store, partitions_, {.retry_backoff = 50ms, .metadata_bytes = 1000}, *world.counters, log_};
};

}  // namespace braid::test_support
