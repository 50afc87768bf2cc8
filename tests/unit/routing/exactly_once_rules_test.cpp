// What goes with delivery: exactly_once, and what does not: each one clear error.

#include "consumers.hpp"

#include <braid/offset_store.hpp>
#include <braid/routing/draw.hpp>
#include <braid/routing/validate.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace braid::routing;
using Lines = std::vector<std::string>;
using When = Commit::When;

// The problems of one topic that is exactly once, without its address.
Lines problems(const std::function<void(TopicBuilder&)>& set) {
  return routing_test::problems_of_topic([&](TopicBuilder& topic) {
    topic.delivery(Delivery::exactly_once);
    set(topic);
  });
}

constexpr const char* kCommits =
    "delivery: exactly_once commits with its transactions; leave commit out, and use transaction_batches or "
    "transaction_interval";
constexpr const char* kContinuous =
    "delivery: exactly_once needs flow: batch: a transaction ends where all that it holds is done, and in flow: "
    "continuous there is never such a moment";
constexpr const char* kAutomatic =
    "delivery: exactly_once needs offsets: automatic, since its positions go with whole batches";

TEST(ExactlyOnceRules, NeedsNothingElse) {
  EXPECT_EQ(problems([](auto&) {}), Lines{});
  EXPECT_EQ(problems([](auto& t) { t.transaction_batches(10'000).transaction_interval(1ms); }), Lines{});
  EXPECT_EQ(problems([](auto& t) { t.dead_letter("t.dlq").on_failure(OnFailure::collapse); }), Lines{});
}

TEST(ExactlyOnceRules, ContinuousHasNoMomentToCommit) {
  EXPECT_EQ(problems([](auto& t) { t.flow(Flow::continuous); }), Lines{kContinuous});
}

TEST(ExactlyOnceRules, PositionsGoWithTransactionsAlone) {
  for (const Commit& commit : {Commit{.when = When::after_batch}, Commit{.when = When::after_batch, .sync = true},
                               Commit{.when = When::manual}, Commit{.interval = 1s}}) {
    EXPECT_EQ(problems([&](auto& t) { t.commit(commit); }), Lines{kCommits});
  }
  EXPECT_EQ(problems([](auto& t) {
              t.commit(When::external).offset_store(std::make_shared<braid::InMemoryOffsetStore>());
            }),
            Lines{kCommits});
}

TEST(ExactlyOnceRules, AtMostOnceIsTheOpposite) {
  EXPECT_EQ(problems([](auto& t) { t.commit(When::before_processing); }), Lines{kCommits});
}

TEST(ExactlyOnceRules, WhatIsMarkedLaterHasSentNothing) {
  EXPECT_EQ(problems([](auto& t) { t.offsets(Offsets::manual); }), Lines{kAutomatic});
}

TEST(ExactlyOnceRules, NothingIsParkedBehindATransaction) {
  EXPECT_EQ(problems([](auto& t) { t.dead_letter("t.dlq").on_exhausted(OnExhausted::park); }),
            Lines{"delivery: exactly_once can't park messages, whose positions would stay behind those of their "
                  "transaction; use dead_letter or skip"});
}

TEST(ExactlyOnceRules, WhatATransactionHoldsHasBounds) {
  EXPECT_EQ(problems([](auto& t) { t.transaction_batches(0); }).size(), 1U);
  EXPECT_EQ(problems([](auto& t) { t.transaction_batches(10'001); }).size(), 1U);
  EXPECT_EQ(problems([](auto& t) { t.transaction_interval(0ms); }).size(), 1U);
}

TEST(ExactlyOnceRules, TransactionsAreForItAlone) {
  const auto at_least_once = [](const std::function<void(TopicBuilder&)>& set) {
    return problems([&](TopicBuilder& t) {
      t.delivery(Delivery::at_least_once);
      set(t);
    });
  };
  EXPECT_EQ(at_least_once([](TopicBuilder& t) { t.transaction_batches(2); }),
            Lines{"transaction_batches is for delivery: exactly_once alone; say that too, or leave it out"});
  EXPECT_EQ(at_least_once([](TopicBuilder& t) { t.transaction_interval(1s); }),
            Lines{"transaction_interval is for delivery: exactly_once alone; say that too, or leave it out"});
}

TEST(ExactlyOnceRules, EachMistakeIsSaid) {
  EXPECT_EQ(problems([](auto& t) { t.flow(Flow::continuous).offsets(Offsets::manual).commit(When::manual); }),
            (Lines{kContinuous, kAutomatic, kCommits}));
}

}  // namespace
