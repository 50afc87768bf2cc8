#include "engine/listener/committer.hpp"

#include "unit/engine/engine_world.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace braid::engine {
namespace {

using namespace std::chrono_literals;

constexpr Time kNow = Time{} + 1h;
constexpr std::size_t kMetadataBytes = 100;

// Keeps what is sent. Thread: one.
class CommitKeeper final : public ConsumerClient {
 public:
  struct Commit {
    std::vector<StoredPosition> positions;
    std::uint64_t token;
  };
  Result<void> reach_broker(std::chrono::milliseconds, const std::atomic<bool>&) override { return {}; }
  Result<void> subscribe(const std::vector<std::string>&, ReadySignal&) override { return {}; }
  Result<void> unsubscribe() override { return {}; }
  void serve_group(ConsumerEvents&) override {}
  void serve_replies(ConsumerEvents&) override {}
  std::unique_ptr<PartitionQueue> open(const TopicPartition&, ReadySignal&) override { return nullptr; }
  Result<void> assign(std::span<const TopicPartition>) override { return {}; }
  Result<void> unassign(std::span<const TopicPartition>) override { return {}; }
  void reposition(std::span<const StoredPosition>) override {}
  Result<std::optional<CommitPosition>> restart_at(const TopicPartition&, StartPoint) override {
    return std::optional<CommitPosition>();
  }
  void read_positions(std::span<const TopicPartition>, std::uint64_t) override {}
  [[nodiscard]] bool may_commit() const override { return true; }
  void commit(std::span<const StoredPosition> positions, std::uint64_t token) override {
    commits.push_back({{positions.begin(), positions.end()}, token});
  }
  void begin_close() override {}
  [[nodiscard]] bool closed() const override { return true; }

  std::vector<Commit> commits;
};

// A runner of which only the offsets matter. Thread: one.
class OffsetsOnly final : public PartitionRunner {
 public:
  [[nodiscard]] bool has_room() override { return false; }
  TakeReport take(PartitionQueue&, Time) override { return {}; }
  void turn(Time) override {}
  void tidy(Time) override {}
  void handle_open(Share&, Time) override {}
  void handle_letter(const LetterAnswer&, Time) override {}
  void handle_held(Share&) override {}
  void watch_tickets(Time) override {}
  void handle_settled(RunningBatch&) override {}
  void handle_unsent(RunningBatch&) override {}
  [[nodiscard]] std::optional<Time> wakes_at() const override { return std::nullopt; }
  void see(RunnerSight&) const override {}
  [[nodiscard]] bool empty() const override { return true; }
  void hasten() override {}
  void refuse() override {}
  void fold() override {}
  [[nodiscard]] std::optional<CommitPosition> position() const override { return at; }
  [[nodiscard]] std::uint64_t revision() const override { return told; }
  [[nodiscard]] std::string metadata(std::size_t most) const override {
    return most == 0 ? std::string() : "told " + std::to_string(told);
  }
  [[nodiscard]] std::optional<CommitPosition> expected() const override { return at; }
  [[nodiscard]] std::optional<Offset> oldest_open() const override { return std::nullopt; }

  std::optional<CommitPosition> at;
  std::uint64_t told = 0;
};

class CommitterTest : public ::testing::Test {
 protected:
  explicit CommitterTest(std::size_t metadata_bytes = kMetadataBytes) : metadata_bytes_(metadata_bytes) {
    lane_.committer = &committer;
    only = &add("events");
    runner = static_cast<OffsetsOnly*>(only->runner.get());
  }

  AssignedPartition& add(const std::string& topic) {
    auto partition = std::make_unique<AssignedPartition>();
    partition->name = {topic, {0}};
    partition->assignment = world_.assignment;
    partition->runner = std::make_unique<OffsetsOnly>();
    partition->lane = &lane_;
    partition->commits.emplace(routing::Commit{}, 1s, kNow);
    committer.look(*partition);
    return *(partitions_[partition->name] = std::move(partition));
  }

  // The stored position that it started from.
  void started_at(std::int64_t position) {
    runner->at = CommitPosition{position};
    only->commits->stored(core::CommitContent::of({position}));
  }
  // What is sent at the next interval; nothing if nothing is.
  std::optional<StoredPosition> next_commit() {
    now += 10s;
    const std::size_t before = client.commits.size();
    committer.turn(now);
    if (client.commits.size() == before) return std::nullopt;
    return client.commits.back().positions.at(0);
  }
  void answer(const Result<void>& outcome) {
    committer.handle_committed(client.commits.back().token, outcome, now);
  }
  // Of its topic alone.
  void refuse(const std::string& why) {
    CommitOutcome outcome;
    outcome.refused.push_back({only->name, Error(Error::Kind::not_authorized, why)});
    committer.handle_committed(client.commits.back().token, outcome, now);
  }
  // What librdkafka says of all when one is refused.
  void leave_unsure() {
    CommitOutcome outcome;
    for (const auto& position : client.commits.back().positions) {
      outcome.refused.push_back({position.partition, Error(Error::Kind::not_authorized, "not allowed")});
    }
    outcome.unsure = true;
    committer.handle_committed(client.commits.back().token, outcome, now);
  }
  bool sends_at(Time at) {
    const std::size_t before = client.commits.size();
    committer.turn(at);
    return client.commits.size() > before;
  }
  [[nodiscard]] const std::vector<std::string>& said() const { return log_.lines; }

 private:
  struct Kept final : Log {
    [[nodiscard]] bool enabled(LogLevel) const override { return true; }
    void write(LogLevel, std::string_view, std::string_view text) override { lines.emplace_back(text); }
    std::vector<std::string> lines;
  };
  std::size_t metadata_bytes_;
  TopicLane lane_;
  test_support::EngineWorld world_;
  AssignedPartitions partitions_;
  Kept log_;

 protected:
  Time now = kNow;
  CommitKeeper client;
  OffsetsOnly* runner = nullptr;
  AssignedPartition* only = nullptr;
  Committer committer{
      client, partitions_, {.retry_backoff = 100ms, .metadata_bytes = metadata_bytes_}, *world_.counters, log_};
};

class CommitterWithoutMetadata : public CommitterTest {
 protected:
  CommitterWithoutMetadata() : CommitterTest(0) {}
};

TEST_F(CommitterTest, APositionIsSentWithItsMetadata) {
  started_at(5);
  runner->at = CommitPosition{7};
  runner->told = 3;
  const auto sent = next_commit();
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->position, CommitPosition{7});
  EXPECT_EQ(sent->metadata, "told 3");
}

TEST_F(CommitterTest, WhatHasNotChangedIsNotSent) {
  started_at(5);
  EXPECT_FALSE(next_commit());
  EXPECT_TRUE(committer.clean(*only));
}

TEST_F(CommitterTest, GapsAreSentThoughThePositionStandsStillAndOnlyOnce) {
  started_at(5);
  runner->told = 2;
  EXPECT_FALSE(committer.clean(*only)) << "who ends now has this to send";
  const auto sent = next_commit();
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->position, CommitPosition{5});
  EXPECT_EQ(sent->metadata, "told 2");
  EXPECT_FALSE(committer.clean(*only)) << "not acknowledged";
  answer({});
  EXPECT_TRUE(committer.clean(*only));
  EXPECT_FALSE(next_commit());
}

TEST_F(CommitterTest, WhatIsRefusedOfATopicIsSaidOnceAndTriedEverLessOften) {
  started_at(5);
  runner->at = CommitPosition{7};
  ASSERT_TRUE(next_commit());
  for (const auto pause : {1s, 2s, 4s}) {
    refuse("commit of events: not allowed");
    EXPECT_FALSE(sends_at(now + pause - 1ms));
    now += pause;
    ASSERT_TRUE(sends_at(now)) << pause.count();
  }
  EXPECT_EQ(said().size(), 1U);
  answer({});
  EXPECT_TRUE(committer.clean(*only));
  ASSERT_EQ(said().size(), 2U);
  EXPECT_EQ(said().back(), "positions of events are stored again");
}

// Else a revocation would wait for it in vain.
TEST_F(CommitterTest, WhatIsRefusedAtTheEndIsNotWaitedFor) {
  started_at(5);
  runner->at = CommitPosition{7};
  ASSERT_TRUE(next_commit());
  refuse("commit of events: there is no such topic");
  EXPECT_FALSE(committer.clean(*only));
  committer.end(*only);
  for (int chance = 0; chance < 2; ++chance) {
    ASSERT_TRUE(sends_at(now)) << "the last chances are at once";
    EXPECT_FALSE(committer.clean(*only));
    refuse("commit of events: there is no such topic");
  }
  EXPECT_TRUE(committer.clean(*only));
  EXPECT_FALSE(sends_at(now + 1h));
}

// An answer that may be true of one of them alone.
TEST_F(CommitterTest, WhatIsRefusedOfOneTopicKeepsNoOtherFromBeingStored) {
  AssignedPartition& other = add("others");
  auto* const others = static_cast<OffsetsOnly*>(other.runner.get());
  started_at(5);
  other.commits->stored(core::CommitContent::of({5}));
  runner->at = others->at = CommitPosition{7};
  ASSERT_TRUE(next_commit());
  ASSERT_EQ(client.commits.back().positions.size(), 2U);
  leave_unsure();
  EXPECT_TRUE(said().empty());
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(sends_at(now));
    ASSERT_EQ(client.commits.back().positions.size(), 1U) << "each alone";
    client.commits.back().positions[0].partition == only->name ? refuse("not allowed") : answer({});
  }
  EXPECT_TRUE(committer.clean(other));
  EXPECT_FALSE(committer.clean(*only));
  EXPECT_FALSE(sends_at(now));
  // From now on they don't go together, whenever they are due.
  now += 10s;
  for (int round = 8; round < 12; ++round) {
    others->at = CommitPosition{round};
    for (int i = 0; i < 2 && sends_at(now); ++i) {
      ASSERT_EQ(client.commits.back().positions.size(), 1U);
      client.commits.back().positions[0].partition == only->name ? refuse("not allowed") : answer({});
    }
    EXPECT_TRUE(committer.clean(other)) << round;
    now += 10s;
  }
}

TEST_F(CommitterTest, WhatTheGroupIsRefusedAtTheEndIsTriedAtOnceAndNotWaitedFor) {
  started_at(5);
  runner->at = CommitPosition{7};
  ASSERT_TRUE(next_commit());
  answer(Error(Error::Kind::not_authorized, "commit: not allowed"));
  EXPECT_FALSE(sends_at(now));
  committer.end(*only);
  ASSERT_TRUE(sends_at(now));
  answer(Error(Error::Kind::not_authorized, "commit: not allowed"));
  committer.end(*only);  // of another
  ASSERT_TRUE(sends_at(now));
  answer(Error(Error::Kind::not_authorized, "commit: not allowed"));
  EXPECT_TRUE(committer.clean(*only));
}

// Of the group, or of Kafka: all positions wait.
TEST_F(CommitterTest, WhatTheGroupIsNotAllowedIsSaidOnceAndTriedEverLessOften) {
  started_at(5);
  runner->at = CommitPosition{7};
  ASSERT_TRUE(next_commit());
  for (const auto pause : {1s, 2s}) {
    answer(Error(Error::Kind::not_authorized, "commit: not allowed"));
    EXPECT_FALSE(sends_at(now + pause - 1ms));
    now += pause;
    ASSERT_TRUE(sends_at(now));
  }
  EXPECT_EQ(said().size(), 1U);
}

TEST_F(CommitterTest, WhatChangedWhileItWasUnderWayIsSentBehindIt) {
  started_at(5);
  runner->told = 2;
  ASSERT_TRUE(next_commit());
  runner->told = 4;
  answer({});
  EXPECT_FALSE(committer.clean(*only));
  const auto sent = next_commit();
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->metadata, "told 4");
}

TEST_F(CommitterTest, WhatWasRefusedIsSentAgainWithTheGapsOfThen) {
  started_at(5);
  runner->told = 2;
  ASSERT_TRUE(next_commit());
  answer(Error(Error::Kind::timed_out, "no answer", true));
  runner->told = 3;
  const auto sent = next_commit();
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->metadata, "told 3");
}

TEST_F(CommitterWithoutMetadata, GapsAloneAreNoReasonToCommit) {
  started_at(5);
  runner->told = 2;
  EXPECT_TRUE(committer.clean(*only));
  EXPECT_FALSE(next_commit());
  runner->at = CommitPosition{6};
  const auto sent = next_commit();
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->metadata, "");
  answer({});
  EXPECT_TRUE(committer.clean(*only));
}

}  // namespace
}  // namespace braid::engine
