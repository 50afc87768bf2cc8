// Commit policies, end to end against the mock cluster.

#include "mock/application/application_test.hpp"
#include "mock/application/worker_process.hpp"

#include <atomic>
#include <csignal>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>

namespace braid::application_test {
namespace {

using When = routing::Commit::When;

class Commits : public ApplicationTest {
 protected:
  // No commit by time in any test but those that say so.
  [[nodiscard]] Settings patient() const {
    Settings patient = settings();
    patient.commit_interval = 10min;
    return patient;
  }
  [[nodiscard]] routing::Routes by(routing::Commit policy, const Tune& more = {}) {
    return route("g", "orders", recorder, [&](routing::TopicBuilder& topic) {
      topic.commit(policy).max_messages(5).virtual_partitions({.max_partitions = 1});
      if (more) more(topic);
    });
  }
  [[nodiscard]] std::int64_t stored() const { return committed("g", "orders", 1)[0]; }
};

TEST_F(Commits, AfterBatchCommitsWithoutWaitingForTheInterval) {
  make_topic("orders");
  produce("orders", 20);
  Application app(patient(), by({.when = When::after_batch}));
  app.start();
  ASSERT_TRUE(all_seen(20));
  EXPECT_TRUE(eventually([&] { return stored() == 20; }));
  app.stop();
}

TEST_F(Commits, AfterBatchSyncABatchFindsAllBeforeItStored) {
  make_topic("orders");
  produce("orders", 20);
  std::mutex mutex;
  std::vector<std::pair<std::int64_t, std::int64_t>> found;  // first of a batch, stored by then
  recorder->script = [&](Batch& batch) {
    const std::int64_t first = batch.front().offset().value;
    const std::int64_t now = stored();
    const std::scoped_lock lock(mutex);
    found.emplace_back(first, now);
  };
  Application app(patient(), by({.when = When::after_batch, .sync = true}));
  app.start();
  ASSERT_TRUE(all_seen(20));
  app.stop();
  ASSERT_GE(found.size(), 4U);
  for (const auto& [first, now] : found) EXPECT_EQ(now, first == 0 ? -1 : first);
  EXPECT_EQ(recorder->count(), 20U);
}

// One virtual partition: each message finds the one before it stored.
TEST_F(Commits, EachMessageSyncAMessageFindsTheOneBeforeItStored) {
  make_topic("orders");
  produce("orders", 8);
  std::mutex mutex;
  std::vector<std::pair<std::int64_t, std::int64_t>> found;  // offset, stored by then
  recorder->script = [&](Batch& batch) {
    const std::int64_t now = stored();
    const std::scoped_lock lock(mutex);
    found.emplace_back(batch.front().offset().value, now);
  };
  Application app(patient(), by({.when = When::each_message, .sync = true},
                                [](routing::TopicBuilder& topic) { topic.flow(Flow::continuous); }));
  app.start();
  ASSERT_TRUE(all_seen(8));
  app.stop();
  ASSERT_EQ(found.size(), 8U);
  for (const auto& [offset, now] : found) EXPECT_EQ(now, offset == 0 ? -1 : offset);
}

TEST_F(Commits, BeforeProcessingABatchFindsItsOwnEndStoredAndNoMore) {
  make_topic("orders");
  produce("orders", 20);
  std::mutex mutex;
  std::vector<std::pair<std::int64_t, std::int64_t>> found;  // end of a batch, stored by then
  recorder->script = [&](Batch& batch) {
    const std::int64_t end = batch.back().offset().value + 1;
    const std::int64_t now = stored();
    const std::scoped_lock lock(mutex);
    found.emplace_back(end, now);
  };
  Application app(patient(), by({.when = When::before_processing}));
  app.start();
  ASSERT_TRUE(all_seen(20));
  app.stop();
  ASSERT_GE(found.size(), 4U);
  for (const auto& [end, now] : found) EXPECT_EQ(now, end);
}

TEST_F(Commits, BeforeProcessingDropsWhatFailsAndGoesOn) {
  make_topic("orders");
  produce("orders", 20);
  recorder->script = [](Batch& batch) {
    if (batch.front().offset() == Offset{0}) throw std::runtime_error("not these");
  };
  Application app(patient(), by({.when = When::before_processing}));
  app.start();
  ASSERT_TRUE(eventually([&] { return app.figures().messages_dropped + recorder->count() >= 20; }));
  app.stop();
  EXPECT_GE(app.figures().messages_dropped, 1U);
  EXPECT_EQ(app.figures().messages_dropped + recorder->count(), 20U);
  EXPECT_EQ(stored(), 20);
}

// Killed in the middle of batches: what ran may be lost, nothing comes twice.
TEST_F(Commits, BeforeProcessingACrashLosesAtMostWhatRan) {
  make_topic("orders", 2);
  produce("orders", 400, 20);
  TemporaryFile log_file;
  const auto run = [&](int work_us) {
    std::vector<std::string> arguments{"bootstrap=" + cluster.bootstrap(),
                                       "group=g",
                                       "topic=orders",
                                       "log=" + log_file.path(),
                                       "work_us=" + std::to_string(work_us),
                                       "commit=before_processing"};
    for (const auto& [name, value] : EmbeddedCluster::recommended_consumer_settings()) {
      arguments.push_back("kafka." + name + "=" + value);
    }
    return std::make_unique<WorkerProcess>("mock_worker", arguments);
  };
  const auto messages = [&] {
    std::vector<WorkerLine> lines;
    for (WorkerLine& line : read_worker_log(log_file.path())) {
      if (line.kind == 'm') lines.push_back(std::move(line));
    }
    return lines;
  };
  auto first = run(20'000);
  ASSERT_TRUE(eventually([&] { return messages().size() >= 30; }));
  first->signal(SIGKILL);
  ASSERT_TRUE(first->wait(kDeadline).has_value());
  auto second = run(0);
  // The last offsets of both partitions: all that comes has come.
  const auto ended = [&] {
    std::set<std::pair<std::int32_t, std::int64_t>> last;
    for (const WorkerLine& line : messages()) last.insert({line.partition, line.offset + 1});
    return last.contains({0, ends("orders", 2)[0]}) && last.contains({1, ends("orders", 2)[1]});
  };
  ASSERT_TRUE(eventually(ended));
  second->signal(SIGTERM);
  ASSERT_EQ(second->wait(kDeadline), 0);
  std::map<std::pair<std::int32_t, std::int64_t>, int> times;
  for (const WorkerLine& line : messages()) ++times[{line.partition, line.offset}];
  for (const auto& [where, count] : times) EXPECT_EQ(count, 1) << where.first << "/" << where.second;
  // One batch of a partition ran when it was killed.
  EXPECT_GE(times.size() + 2 * 100, 400U);
}

TEST_F(Commits, ManualStoresWhatIsAskedForAndNothingElse) {
  make_topic("orders");
  produce("orders", 20);
  std::mutex mutex;
  std::vector<std::pair<bool, std::int64_t>> answers;  // how commit() ended, and what was stored then
  recorder->script = [&](Batch& batch) {
    for (const Message& message : batch) {
      batch.mark(message);
      if (message.offset() != Offset{7}) continue;
      const bool good = batch.commit().ok();
      const std::int64_t now = stored();
      const std::scoped_lock lock(mutex);
      answers.emplace_back(good, now);
    }
  };
  Settings eager = settings();  // an interval of 100 ms, which means nothing here
  Application app(eager, by({.when = When::manual}));
  app.start();
  ASSERT_TRUE(all_seen(20));
  app.stop();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0], std::pair(true, std::int64_t{8}));
  EXPECT_EQ(stored(), 8);
}

TEST_F(Commits, ManualAsyncIsStoredSoon) {
  make_topic("orders");
  produce("orders", 20);
  recorder->script = [](Batch& batch) {
    for (const Message& message : batch) {
      batch.mark(message);
      if (message.offset() == Offset{7}) batch.commit_async();
    }
  };
  Application app(patient(), by({.when = When::manual}));
  app.start();
  ASSERT_TRUE(all_seen(20));
  EXPECT_TRUE(eventually([&] { return stored() >= 8; }));
  app.stop();
}

// Eight virtual partitions, two workers, each waits for its own commit in the middle of its share: what the others
// have not done yet lies below.
TEST_F(Commits, CommitsOfManyAtOnceAllReturn) {
  make_topic("orders");
  produce("orders", 400, 40);
  std::atomic<int> good{0};
  std::atomic<int> bad{0};
  recorder->script = [&](Batch& batch) {
    for (const Message& message : batch) {
      batch.mark(message);
      ++(batch.commit(10s).ok() ? good : bad);
    }
  };
  Settings two = patient();
  two.concurrency = 2;
  Application app(two, by({.when = When::manual}, [](routing::TopicBuilder& topic) {
                    topic.max_messages(100).virtual_partitions({.max_partitions = 8});
                  }));
  app.start();
  ASSERT_TRUE(all_seen(400));
  app.stop();
  EXPECT_EQ(good, 400);
  EXPECT_EQ(bad, 0);
  EXPECT_EQ(stored(), 400);
}

// The broker takes no commit: commit() must not keep the stop from ending, and says that it failed.
TEST_F(Commits, AStopEndsACommitThatIsNotAcknowledged) {
  make_topic("orders");
  produce("orders", 5);
  std::atomic<int> failed{0};
  std::atomic<bool> asked{false};
  recorder->script = [&](Batch& batch) {
    cluster.broker_down(1);
    batch.mark(batch.front());
    asked = true;
    if (!batch.commit(60s).ok()) ++failed;
  };
  Application app(patient(), by({.when = When::manual}));
  app.start();
  ASSERT_TRUE(eventually([&] { return asked.load(); }));
  const auto report = app.stop(2s);
  EXPECT_FALSE(report.in_time);
  EXPECT_TRUE(eventually([&] { return failed.load() >= 1; }));
  cluster.broker_up(1);
}

class External : public Commits {
 protected:
  [[nodiscard]] routing::Routes outside(std::shared_ptr<OffsetStore> store) {
    return by({.when = When::external, .interval = 50ms},
              [&](routing::TopicBuilder& topic) { topic.offset_store(store); });
  }
  const OffsetStore::Partition here_{"orders", {0}};
  std::shared_ptr<InMemoryOffsetStore> store_ = std::make_shared<InMemoryOffsetStore>();
};

TEST_F(External, PositionsAreKeptInTheStoreAndNotInKafka) {
  make_topic("orders");
  produce("orders", 20);
  {
    Application app(patient(), outside(store_));
    app.start();
    ASSERT_TRUE(all_seen(20));
    app.stop();
  }
  EXPECT_EQ(store_->position("g", here_), CommitPosition{20});
  EXPECT_EQ(stored(), -1);
  produce("orders", 10);
  Application again(patient(), outside(store_));
  again.start();
  ASSERT_TRUE(all_seen(30));
  again.stop();
  EXPECT_EQ(recorder->count(), 30U);
  EXPECT_EQ(store_->position("g", here_), CommitPosition{30});
}

TEST_F(External, WhatKafkaHasStoredMeansNothing) {
  make_topic("orders");
  produce("orders", 20);
  commit("g", "orders", 0, 18);
  const auto epoch = store_->open("g", std::span(&here_, 1)).value().front().epoch;
  const OffsetStore::Position at{here_, {5}, {}, epoch};
  ASSERT_TRUE(store_->save("g", std::span(&at, 1)).ok());
  Application app(patient(), outside(store_));
  app.start();
  ASSERT_TRUE(all_seen(15));
  app.stop();
  EXPECT_EQ(recorder->count(), 15U);
  for (const Seen& one : recorder->seen()) EXPECT_GE(one.offset, 5);
  EXPECT_EQ(stored(), 18);
}

TEST_F(External, AStoreThatNobodyCallsIsNotLeftBehindByAStopThatHasNoTime) {
  make_topic("orders");
  produce("orders", 10);
  Application app(patient(), outside(store_));
  app.start();
  ASSERT_TRUE(all_seen(10));
  const StopReport report = app.stop(StopMode::now);
  EXPECT_TRUE(report.in_time) << (report.left_behind.empty() ? "" : report.left_behind.front());
}

TEST_F(External, CommitWaitsForTheStore) {
  make_topic("orders");
  produce("orders", 10);
  std::atomic<int> good{0};
  recorder->script = [&](Batch& batch) {
    batch.mark(batch.back());
    if (batch.commit().ok() && store_->position("g", here_) >= next_after(batch.back().offset())) ++good;
  };
  Application app(patient(), outside(store_));
  app.start();
  ASSERT_TRUE(all_seen(10));
  app.stop();
  EXPECT_EQ(good.load(), static_cast<int>(recorder->batches().size()));
}

// Each call fails once before it is let through; one fails by throwing.
class UnreliableStore final : public OffsetStore {
 public:
  explicit UnreliableStore(std::shared_ptr<InMemoryOffsetStore> inner) : inner_(std::move(inner)) {}
  Result<std::vector<Stored>> open(const std::string& group, std::span<const Partition> partitions) override {
    if (++loads_ == 1) return Error(Error::Kind::other, "not now", true);
    return inner_->open(group, partitions);
  }
  Result<void> save(const std::string& group, std::span<const Position> positions) override {
    if (++saves_ == 1) throw std::runtime_error("not yet");
    return inner_->save(group, positions);
  }

 private:
  std::shared_ptr<InMemoryOffsetStore> inner_;
  std::atomic<int> loads_{0};
  std::atomic<int> saves_{0};
};

TEST_F(External, AStoreThatFailsIsAskedAgain) {
  make_topic("orders");
  produce("orders", 10);
  Application app(patient(), outside(std::make_shared<UnreliableStore>(store_)));
  app.start();
  ASSERT_TRUE(all_seen(10));
  EXPECT_TRUE(eventually([&] { return store_->position("g", here_) == CommitPosition{10}; }));
  app.stop();
  EXPECT_EQ(recorder->count(), 10U);
  EXPECT_GE(app.figures().commits_failed, 1U);
}

// A store whose call does not return must not keep the application from stopping.
class StuckStore final : public OffsetStore {
 public:
  explicit StuckStore(std::shared_ptr<Gate> gate) : gate_(std::move(gate)) {}
  Result<std::vector<Stored>> open(const std::string&, std::span<const Partition> partitions) override {
    std::vector<Stored> opened(partitions.size());
    for (Stored& each : opened) each.epoch = 1;
    return opened;
  }
  Result<void> save(const std::string&, std::span<const Position>) override {
    gate_->pass();
    return {};
  }

 private:
  std::shared_ptr<Gate> gate_;
};

TEST_F(External, AStoreThatNeverAnswersIsLeftBehindAndNamed) {
  make_topic("orders");
  produce("orders", 10);
  const auto gate = std::make_shared<Gate>();
  Application app(patient(), outside(std::make_shared<StuckStore>(gate)));
  app.start();
  ASSERT_TRUE(eventually([&] { return gate->waiting() == 1; }));
  const auto report = app.stop(1s);
  EXPECT_FALSE(report.in_time);
  bool named = false;
  for (const std::string& left : report.left_behind) named |= left.find("offset store") != std::string::npos;
  EXPECT_TRUE(named);
  gate->open();
}

}  // namespace
}  // namespace braid::application_test
