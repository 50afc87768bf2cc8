#include "apps/braid/src/replay_filter.hpp"

#include "unit/apps/braid/letters.hpp"

#include <gtest/gtest.h>

namespace braid::app_test {
namespace {

using namespace app;
using namespace std::chrono_literals;
namespace names = dead_letter_headers;

Verdict judged(const Letter& letter, ReplayRules rules = {}) {
  rules.dead_letter_topic = "orders.dlq";
  return verdict_of(letter, origin_of(letter), rules);
}
Verdict filtered(const ReplayFilter& filter, const Letter& letter = dead_letter()) {
  return judged(letter, {.filter = filter});
}
Time at(std::chrono::milliseconds time) {
  return Time{time};
}

TEST(ReplayFilter, WithoutOneAllAreMeant) {
  EXPECT_TRUE(ReplayFilter{}.everything());
  EXPECT_EQ(judged(dead_letter()), Verdict::replay);
}

TEST(ReplayFilter, EachConditionMustHold) {
  EXPECT_EQ(filtered({.original_topic = "orders"}), Verdict::replay);
  EXPECT_EQ(filtered({.original_topic = "carts"}), Verdict::unmatched);
  EXPECT_EQ(filtered({.error_type = "std::runtime_error"}), Verdict::replay);
  EXPECT_EQ(filtered({.error_type = "runtime_error"}), Verdict::unmatched);
  EXPECT_EQ(filtered({.key = "ann"}), Verdict::replay);
  EXPECT_EQ(filtered({.key = "bob"}), Verdict::unmatched);
  EXPECT_EQ(filtered({.original_topic = "orders", .key = "bob"}), Verdict::unmatched);
  EXPECT_EQ(filtered({.original_topic = "orders", .error_type = "std::runtime_error", .key = "ann"}),
            Verdict::replay);
}

TEST(ReplayFilter, NoKeyIsNotTheEmptyOne) {
  Letter letter = dead_letter();
  letter.key = std::nullopt;
  EXPECT_EQ(filtered({.key = ""}, letter), Verdict::unmatched);
  letter.key = "";
  EXPECT_EQ(filtered({.key = ""}, letter), Verdict::replay);
}

TEST(ReplayFilter, TimesAreOfTheLastFailureAndHalfOpen) {
  EXPECT_EQ(filtered({.since = at(5s)}), Verdict::replay);
  EXPECT_EQ(filtered({.since = at(5001ms)}), Verdict::unmatched);
  EXPECT_EQ(filtered({.until = at(5s)}), Verdict::unmatched);
  EXPECT_EQ(filtered({.until = at(5001ms)}), Verdict::replay);
  EXPECT_EQ(filtered({.since = at(4s), .until = at(6s)}), Verdict::replay);
  EXPECT_EQ(filtered({.since = at(0s)}, without(dead_letter(), names::kLastFailure)), Verdict::unmatched);
}

TEST(ReplayRules, WhatWasSentBackTooOftenIsLeft) {
  const auto replays = [](const char* count, std::uint32_t most) {
    return judged(with(dead_letter(), names::kReplays, count), {.max_replays = most});
  };
  EXPECT_EQ(replays("2", 3), Verdict::replay);
  EXPECT_EQ(replays("3", 3), Verdict::too_often);
  EXPECT_EQ(replays("4", 3), Verdict::too_often);
  EXPECT_EQ(replays("0", 1), Verdict::replay);
}

TEST(ReplayRules, WhatIsNoDeadLetterIsLeft) {
  EXPECT_EQ(judged({}), Verdict::no_dead_letter);
}

TEST(ReplayRules, NothingIsSentToWhereItIs) {
  const auto letter = with(dead_letter(), names::kTopic, "orders.dlq");
  EXPECT_EQ(judged(letter), Verdict::circle);
  EXPECT_EQ(judged(letter, {.destination = {.topic = "repair"}}), Verdict::replay);
  EXPECT_EQ(judged(dead_letter(), {.destination = {.topic = "orders.dlq"}}), Verdict::circle);
}

TEST(ReplayTimes, AreReadAsPeopleWriteThem) {
  const Time now = at(1'000'000'000s);
  EXPECT_EQ(parse_time("1500", now), at(1500ms));
  EXPECT_EQ(parse_time("1970-01-02", now), at(24h));
  EXPECT_EQ(parse_time("1970-01-01T01:02", now), at(1h + 2min));
  EXPECT_EQ(parse_time("1970-01-01T01:02:03Z", now), at(1h + 2min + 3s));
  EXPECT_EQ(parse_time("1970-01-01 01:02:03", now), at(1h + 2min + 3s));
  EXPECT_EQ(parse_time("90s", now), now - 90s);
  EXPECT_EQ(parse_time("15m", now), now - 15min);
  EXPECT_EQ(parse_time("2h", now), now - 2h);
  EXPECT_EQ(parse_time("7d", now), now - 7 * 24h);
  for (const char* text : {"", "x", "s", "-1", "1.5h", "2h ago", "1970-13-01", "1970-02-30", "1970-1-1",
                           "1970-01-01T", "1970-01-01T25:00", "1970-01-01T01:60", "1970-01-01T01:02:03+01",
                           "1970-01-01Z", "99999999999999999999", "999999999999d"}) {
    EXPECT_EQ(parse_time(text, now), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace braid::app_test
