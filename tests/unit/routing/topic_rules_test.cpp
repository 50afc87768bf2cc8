#include "consumers.hpp"

#include <braid/routing/draw.hpp>
#include <braid/routing/validate.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

// What options of a topic may be, by themselves and beside each other.

namespace {

using namespace std::chrono_literals;
using namespace braid::routing;
using routing_test::lines;
using routing_test::Totals;
using Lines = std::vector<std::string>;
using When = Commit::When;

constexpr auto& problems = routing_test::problems_of_topic;

TEST(TopicRules, EveryReducerGoesWithThePartitionersItHasAUseFor) {
  for (const PartitionBy& by : {braid::key(), braid::header("h"), braid::json_field("f"), braid::round_robin()}) {
    for (const Reducer& reducer : {Reducer{}, braid::balanced(), braid::sticky()}) {
      EXPECT_EQ(problems([&](auto& t) { t.virtual_partitions({.by = by, .reducer = reducer}); }), Lines{});
    }
  }
  EXPECT_EQ(problems([](auto& t) { t.virtual_partitions({.by = braid::partition()}); }), Lines{});
}

TEST(TopicRules, AnAgeToStartAtIsSomeTime) {
  EXPECT_EQ(problems([](auto& t) { t.initial_offset(1ms); }), Lines{});
  EXPECT_EQ(problems([](auto& t) { t.initial_offset(24h * 366); }), Lines{});
  EXPECT_EQ(problems([](auto& t) { t.initial_offset(0ms); }),
            Lines{"initial_offset: by_duration must be at least 1ms, is 0"});
  EXPECT_EQ(problems([](auto& t) { t.initial_offset(-1s); }).size(), 1U);
}

TEST(TopicRules, BalancedNeedsTheBatchFlow) {
  EXPECT_EQ(problems([](auto& t) { t.flow(Flow::continuous).virtual_partitions({.reducer = braid::balanced()}); }),
            Lines{"reducer balanced needs flow: batch, whose barrier keeps the order across batches; use sticky"});
  EXPECT_EQ(problems([](auto& t) { t.flow(Flow::continuous).virtual_partitions({.reducer = braid::sticky()}); }),
            Lines{});
}

TEST(TopicRules, AReducerNeedsSomethingToReduce) {
  const Reducer callable = braid::reduce_by([](const braid::PartitionKey&, std::uint32_t) { return 0u; });
  const std::string nothing =
      "by: partition uses one virtual partition, so there is nothing to reduce; leave the reducer out";
  for (const Reducer& reducer : {braid::balanced(), braid::sticky(), callable}) {
    EXPECT_EQ(problems([&](auto& t) { t.virtual_partitions({.by = braid::partition(), .reducer = reducer}); }),
              Lines{nothing});
  }
  EXPECT_EQ(
      problems([&](auto& t) { t.virtual_partitions({.by = braid::round_robin(), .reducer = callable}); }),
      Lines{"by: round_robin has no keys for the reducer's function; leave it out, or use sticky or balanced"});
}

TEST(TopicRules, NullKeysGoTogetherOnlyWhereKeysAreLookedAt) {
  for (const PartitionBy& by : {braid::round_robin(), braid::partition()}) {
    EXPECT_EQ(problems([&](auto& t) { t.virtual_partitions({.by = by, .null_keys = NullKeys::together}); }),
              Lines{"null_keys: together needs a by that looks at keys; leave null_keys out"});
  }
  EXPECT_EQ(
      problems([&](auto& t) { t.virtual_partitions({.by = braid::header("h"), .null_keys = NullKeys::together}); }),
      Lines{});
}

TEST(TopicRules, AnOrderAndABySayTheSameThingTwice) {
  const Lines twice{"order and virtual_partitions.by both say how messages are told apart; leave one of them out"};
  EXPECT_EQ(problems([](auto& t) { t.order(Order::by_key).virtual_partitions({.by = braid::header("h")}); }),
            twice);
  EXPECT_EQ(problems([](auto& t) { t.order(Order::unordered).virtual_partitions({.by = braid::partition()}); }),
            twice);
  for (const Order order : {Order::unordered, Order::by_key, Order::by_partition}) {
    EXPECT_EQ(problems([&](auto& t) { t.virtual_partitions({.max_partitions = 3}).order(order); }), Lines{});
  }
}

TEST(TopicRules, BoundsAreWithinTheirLimits) {
  struct Bound {
    std::function<void(TopicBuilder&)> set;
    const char* problem;
  };
  const std::vector<Bound> bounds{
      {[](auto& t) { t.max_queued(0); }, "max_queued must be at least 1, is 0"},
      {[](auto& t) { t.max_queued(100'000'001); }, "max_queued must be at most 100000000, is 100000001"},
      {[](auto& t) { t.max_open_offsets(0); }, "max_open_offsets must be at least 1, is 0"},
      {[](auto& t) { t.max_open_offsets(100'000'001); },
       "max_open_offsets must be at most 100000000, is 100000001"},
      {[](auto& t) { t.max_window(0); }, "max_window must be at least 1, is 0"},
      {[](auto& t) { t.max_window((1u << 30) + 1); }, "max_window must be at most 1073741824, is 1073741825"},
      {[](auto& t) { t.max_bytes(1023); }, "max_bytes must be at least 1 KiB, is 1023 B"},
      {[](auto& t) { t.max_bytes((std::size_t{1} << 40) + 1); },
       "max_bytes must be at most 1 TiB, is 1099511627777 B"},
      {[](auto& t) { t.hold_copy_after(0ms); }, "hold_copy_after must be at least 1ms, is 0"},
      {[](auto& t) { t.hold_copy_after(25h); }, "hold_copy_after must be at most 24h, is 25h"},
      {[](auto& t) { t.max_concurrency(0); }, "max_concurrency must be at least 1, is 0"},
      {[](auto& t) { t.max_concurrency(10'001); }, "max_concurrency must be at most 10000, is 10001"},
      {[](auto& t) { t.max_in_flight(0); }, "max_in_flight must be at least 1, is 0"},
      {[](auto& t) { t.max_in_flight(1'000'001); }, "max_in_flight must be at most 1000000, is 1000001"},
      {[](auto& t) { t.tick_every(0ms); }, "tick_every must be at least 1ms, is 0"},
      {[](auto& t) { t.tick_every(25h); }, "tick_every must be at most 24h, is 25h"},
      {[](auto& t) { t.ticket_timeout(-1ms); }, "ticket_timeout must be at least 1ms, is -1ms"},
      {[](auto& t) { t.ticket_timeout(25h); }, "ticket_timeout must be at most 24h, is 25h"},
      {[](auto& t) { t.max_processing_time(0ms); }, "max_processing_time must be at least 1ms, is 0"},
      {[](auto& t) { t.max_processing_time(25h); }, "max_processing_time must be at most 24h, is 25h"},
      {[](auto& t) { t.stalled_after(-1ms); }, "stalled_after must be at least 0, is -1ms"},
      {[](auto& t) { t.stalled_after(25h); }, "stalled_after must be at most 24h, is 25h"},
      {[](auto& t) { t.commit({.interval = 9ms}); }, "commit: interval must be at least 10ms, is 9ms"},
      {[](auto& t) { t.commit({.interval = 25h}); }, "commit: interval must be at most 24h, is 25h"},
  };
  for (const Bound& bound : bounds) EXPECT_EQ(problems(bound.set), Lines{bound.problem});
  EXPECT_EQ(
      problems([](auto& t) {
        t.max_messages(1).max_queued(1).max_open_offsets(2).max_window(2).max_bytes(1024).max_concurrency(1);
        t.max_in_flight(1).hold_copy_after(1ms).tick_every(1ms).ticket_timeout(1ms).commit({.interval = 10ms});
      }),
      Lines{});
}

TEST(TopicRules, ASubscriptionGroupsConcurrencyIsWithinItsLimits) {
  for (const std::uint32_t jobs : {0u, 10'001u}) {
    const auto got = lines(validate(draw([&](RoutesBuilder& r) {
      SubscriptionGroupBuilder group = r.consumer_group("g").subscription_group("s");
      group.max_concurrency(jobs).topic("t").consumer<Totals>();
    })));
    EXPECT_EQ(got, Lines{jobs == 0 ? "g / s: max_concurrency must be at least 1, is 0"
                                   : "g / s: max_concurrency must be at most 10000, is 10001"});
  }
}

TEST(TopicRules, TheWindowHoldsAllThatMayBeOpen) {
  EXPECT_EQ(problems([](auto& t) { t.max_window(99'999); }),
            Lines{"max_window must be at least max_open_offsets (100000), or these could never be open, is 99999"});
  EXPECT_EQ(problems([](auto& t) { t.max_window(100'000); }), Lines{});
}

TEST(TopicRules, TwoBatchesFitIntoWhatMayBeOpen) {
  const Lines too_few{
      "max_open_offsets must be at least twice max_messages (50001), since a batch gathers while another one runs, "
      "is 100000"};
  EXPECT_EQ(problems([](auto& t) { t.max_messages(50'001); }), too_few);
  EXPECT_EQ(problems([](auto& t) { t.max_messages(50'000); }), Lines{});
  EXPECT_EQ(problems([](auto& t) { t.max_messages(50'001).max_open_offsets(100'002); }), Lines{});
  EXPECT_EQ(problems([](auto& t) { t.max_messages(50'001).flow(Flow::continuous); }), Lines{});
}

TEST(TopicRules, CommitsAfterEachMessageNeedTheContinuousFlow) {
  EXPECT_EQ(problems([](auto& t) { t.commit(When::each_message); }),
            Lines{"commit: each_message needs flow: continuous; with flow: batch use after_batch"});
  EXPECT_EQ(problems([](auto& t) { t.commit({.when = When::each_message, .sync = true}).flow(Flow::continuous); }),
            Lines{});
}

TEST(TopicRules, CommitsBeforeProcessingNeedBatchesAndAutomaticOffsets) {
  EXPECT_EQ(problems([](auto& t) { t.commit(When::before_processing); }), Lines{});
  EXPECT_EQ(problems([](auto& t) { t.commit(When::before_processing).flow(Flow::continuous); }),
            Lines{"commit: before_processing needs flow: batch, whose batches run once their end is committed"});
  EXPECT_EQ(problems([](auto& t) { t.commit(When::before_processing).offsets(Offsets::manual); }),
            Lines{"commit: before_processing needs offsets: automatic, since what runs is committed already"});
}

TEST(TopicRules, OnlyCommitsThatSomethingFollowsCanBeWaitedFor) {
  const std::vector<std::pair<When, std::string>> without{
      {When::interval, "interval"}, {When::manual, "manual"}, {When::before_processing, "before_processing"}};
  for (const auto& [when, name] : without) {
    EXPECT_EQ(problems([when = when](auto& t) { t.commit({.when = when, .sync = true}); }),
              Lines{"commit: sync is for after_batch and each_message, which something follows; with " + name +
                    " leave it out"});
    EXPECT_EQ(problems([when = when](auto& t) { t.commit(when); }), Lines{});
  }
  for (const Flow flow : {Flow::batch, Flow::continuous}) {
    EXPECT_EQ(problems([&](auto& t) {
                t.flow(flow).commit({.when = When::after_batch, .sync = true}).offsets(Offsets::manual);
              }),
              Lines{});
  }
}

TEST(TopicRules, AMessageThatMayStayUnmarkedIsNotWaitedFor) {
  EXPECT_EQ(
      problems([](auto& t) {
        t.flow(Flow::continuous).offsets(Offsets::manual).commit({.when = When::each_message, .sync = true});
      }),
      Lines{"commit: each_message with sync needs offsets: automatic, since a message that is not marked would "
            "be waited for in vain"});
}

TEST(TopicRules, AnIntervalIsForCommitsByInterval) {
  EXPECT_EQ(problems([](auto& t) { t.commit({.interval = 2s}); }), Lines{});
  EXPECT_EQ(problems([](auto& t) { t.commit({.when = When::manual, .interval = 2s}); }),
            Lines{"commit: an interval is for when: interval alone; with manual leave it out"});
  EXPECT_EQ(problems([](auto& t) { t.commit({.when = When::external, .interval = 2s}); }),
            Lines{"commit: external needs an offset store"});
}

TEST(TopicRules, ARetryOfOverdueTicketsNeedsATimeout) {
  EXPECT_EQ(problems([](auto& t) { t.on_ticket_timeout(OnTicketTimeout::retry); }),
            Lines{"on_ticket_timeout: retry needs a ticket_timeout, since without one no ticket is ever overdue"});
  EXPECT_EQ(problems([](auto& t) { t.on_ticket_timeout(OnTicketTimeout::retry).ticket_timeout(1s); }), Lines{});
}

}  // namespace
