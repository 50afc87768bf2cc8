// What is done beyond the position travels with the commit, so that who comes next does not do it again.

#include "core/offsets/gap_codec.hpp"
#include "mock/adapters/kafka_member.hpp"
#include "mock/application/application_test.hpp"

#include <algorithm>
#include <memory>
#include <set>
#include <stdexcept>

namespace braid::application_test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kStuck = 0;  // this virtual partition

class Gaps : public ApplicationTest {
 protected:
  std::shared_ptr<Recorder> again = std::make_shared<Recorder>();

  static void two_virtual_partitions(routing::TopicBuilder& topic) {
    topic.virtual_partitions({.max_partitions = 2}).max_messages(40).max_wait(2s);
  }
  [[nodiscard]] engine::StoredPosition stored() const {
    mock_test::Member member(cluster, "g", {{"partition.assignment.strategy", "range"}});
    const auto answer = member.positions({mock_test::at("orders", 0)});
    return answer.ok() && !answer.value().empty() ? answer.value().front() : engine::StoredPosition{};
  }
  // What the group has stored as done beyond its position.
  [[nodiscard]] std::set<std::int64_t> told() const {
    std::set<std::int64_t> offsets;
    const auto now = stored();
    if (!now.position) return offsets;
    for (const auto range : core::decode_gaps(now.metadata, *now.position).done) {
      for (std::int64_t offset = range.first.value; offset <= range.last.value; ++offset) offsets.insert(offset);
    }
    return offsets;
  }
  static std::set<std::int64_t> offsets_of(const Recorder& of) {
    std::set<std::int64_t> offsets;
    for (const Seen& one : of.seen()) offsets.insert(one.offset);
    return offsets;
  }
  // Of these, those that are not below what is stored.
  [[nodiscard]] std::set<std::int64_t> beyond_position(const std::set<std::int64_t>& offsets) const {
    return {offsets.lower_bound(stored().position.value_or(CommitPosition{0}).value), offsets.end()};
  }
};

TEST_F(Gaps, WhatIsDoneBesideAStuckVirtualPartitionIsNotRepeatedAfterTheStopsDeadline) {
  make_topic("orders");
  produce("orders", 40, 10);
  const auto gate = std::make_shared<Gate>();
  recorder->script = [gate](Batch& batch) {
    if (batch.virtual_partition().index().value != kStuck) return;
    gate->pass();
    throw std::runtime_error("long after the end");
  };
  {
    Application app(settings(), route("g", "orders", recorder, two_virtual_partitions));
    app.start();
    ASSERT_TRUE(eventually([&] { return gate->waiting() == 1 && recorder->count() > 0; }));
    EXPECT_FALSE(app.stop(1s).in_time) << "a job is stuck";
  }
  const std::set<std::int64_t> done = offsets_of(*recorder);
  const std::set<std::int64_t> carried = beyond_position(done);
  ASSERT_FALSE(carried.empty());
  EXPECT_EQ(told(), carried);

  Application app(settings(), route("g", "orders", again, two_virtual_partitions));
  app.start();
  EXPECT_TRUE(eventually([&] { return again->distinct() + done.size() >= 40; }));
  app.stop();
  const std::set<std::int64_t> repeated = offsets_of(*again);
  for (const std::int64_t offset : repeated) EXPECT_FALSE(done.contains(offset)) << offset << " was done";
  EXPECT_EQ(done.size() + repeated.size(), 40U);
  EXPECT_EQ(again->count(), repeated.size());
  EXPECT_EQ(app.figures().messages_done_before, carried.size());
  EXPECT_EQ(committed("g", "orders", 1), std::vector<std::int64_t>{40});
  EXPECT_EQ(stored().metadata, "") << "there is no gap any more";
  gate->open();
}

TEST_F(Gaps, AreCommittedThoughThePositionStandsStill) {
  make_topic("orders");
  produce("orders", 40, 10);
  recorder->script = [](Batch& batch) {
    if (batch.virtual_partition().index().value == kStuck) throw std::runtime_error("never");
  };
  Application app(settings(), route("g", "orders", recorder, two_virtual_partitions));
  app.start();
  ASSERT_TRUE(
      eventually([&] { return recorder->count() > 0 && told() == beyond_position(offsets_of(*recorder)); }));
  EXPECT_FALSE(told().empty());
  EXPECT_EQ(app.stop().left_behind, std::vector<std::string>{});
}

TEST_F(Gaps, MetadataOfOthersIsIgnoredWithOneWarning) {
  make_topic("orders");
  produce("orders", 20);
  {
    mock_test::Member member(cluster, "g", {{"partition.assignment.strategy", "range"}});
    ASSERT_TRUE(
        member.commit({{mock_test::at("orders", 0), CommitPosition{5}, "offset of the other program"}}).ok());
  }
  Application app(settings(), route("g", "orders", recorder));
  app.start();
  EXPECT_TRUE(all_seen(15));
  app.stop();
  EXPECT_EQ(recorder->count(), 15U);
  EXPECT_EQ(log.count("another program's"), 1U);
}

TEST_F(Gaps, TheUsersTextIsReadByWhoeverComesNextAndSentOn) {
  make_topic("orders");
  produce("orders", 20);
  const auto text_seen = [](Recorder& by) {
    auto seen = std::make_shared<std::string>();
    by.in_hook = [seen](const std::string& name, const VirtualPartition& where) {
      if (name == "assigned") *seen = where.committed_metadata();
    };
    return seen;
  };
  const auto one_at_a_time = [](routing::TopicBuilder& topic) { topic.virtual_partitions({.max_partitions = 1}); };
  recorder->script = [](Batch& batch) {
    EXPECT_EQ(batch.virtual_partition().committed_metadata(), "");
    EXPECT_THROW(batch.commit_metadata("two\nlines"), std::invalid_argument);
    batch.commit_metadata("up to " + std::to_string(batch.back().offset().value));
  };
  for (const auto& who : {recorder, again, std::make_shared<Recorder>()}) {
    const auto seen = text_seen(*who);
    Application app(settings(), route("g", "orders", who, one_at_a_time));
    app.start();
    EXPECT_TRUE(eventually([&] { return who->distinct() >= (who == recorder ? 20U : 1U); }));
    app.stop();
    EXPECT_EQ(*seen, who == recorder ? "" : "up to 19");
    produce("orders", 1);
  }
}

TEST_F(Gaps, AreNotSentWhenNoMetadataIsWanted) {
  make_topic("orders");
  produce("orders", 40, 10);
  recorder->script = [](Batch& batch) {
    if (batch.virtual_partition().index().value == kStuck) throw std::runtime_error("never");
  };
  Settings without = settings();
  without.commit_metadata_bytes = 0;
  Application app(without, route("g", "orders", recorder, two_virtual_partitions));
  app.start();
  ASSERT_TRUE(eventually([&] { return recorder->count() > 0; }));
  app.stop();
  EXPECT_EQ(stored().metadata, "");
}

}  // namespace
}  // namespace braid::application_test
