#include "apps/braid/src/letter.hpp"

#include "unit/apps/braid/letters.hpp"

#include <gtest/gtest.h>

namespace braid::app_test {
namespace {

using namespace app;
namespace names = dead_letter_headers;
using Names = std::vector<std::string>;

Replay replayed(const Letter& letter, const Destination& destination = {}) {
  return replay_of(letter, origin_of(letter).value(), destination);
}

TEST(Letter, TellsWhereItComesFromAndWhy) {
  const auto letter = dead_letter();
  const auto origin = origin_of(letter);
  ASSERT_TRUE(origin);
  EXPECT_EQ(origin->topic, "orders");
  EXPECT_EQ(origin->partition, PartitionNumber{3});
  EXPECT_EQ(origin->error_type, "std::runtime_error");
  EXPECT_EQ(origin->error_text, "no stock");
  EXPECT_EQ(origin->last_failure, Time{std::chrono::milliseconds{5000}});
  EXPECT_EQ(origin->replays, 0u);
}

TEST(Letter, WithoutAnOriginalTopicIsNone) {
  EXPECT_FALSE(origin_of({}));
  EXPECT_FALSE(origin_of(without(dead_letter(), names::kTopic)));
  EXPECT_FALSE(origin_of(with(dead_letter(), names::kTopic, "")));
}

TEST(Letter, ThatHidesItsReplaysIsNone) {
  for (const char* text : {"", "many", "-1", "1x", "99999999999999999999", "2147483647"}) {
    EXPECT_FALSE(origin_of(with(dead_letter(), names::kReplays, text))) << text;
  }
  EXPECT_EQ(origin_of(with(dead_letter(), names::kReplays, "2"))->replays, 2u);
}

TEST(Letter, TheLastHeaderOfANameCounts) {
  const auto letter = with(dead_letter(), names::kTopic, "carts");
  EXPECT_EQ(origin_of(letter)->topic, "carts");
}

TEST(Letter, DamagedNumbersThatNobodyNeedsAreLeftOut) {
  const auto origin = origin_of(with(with(dead_letter(), names::kPartition, "x"), names::kLastFailure, "-3"));
  ASSERT_TRUE(origin);
  EXPECT_EQ(origin->partition, std::nullopt);
  EXPECT_EQ(origin->last_failure, std::nullopt);
}

TEST(Replay, KeepsWhatTheMessageWasAndLosesTheFailure) {
  const Replay replay = replayed(dead_letter());
  EXPECT_EQ(replay.topic, "orders");
  EXPECT_EQ(replay.key, "ann");
  EXPECT_EQ(replay.payload, "{}");
  EXPECT_EQ(names_of(replay), (Names{"trace", "braid-original-topic", "braid-original-partition",
                                     "braid-original-offset", "braid-original-timestamp", "braid-replays"}));
  EXPECT_EQ(replay.headers.front().second, "t1");
  EXPECT_EQ(replay.headers.back().second, "1");
}

TEST(Replay, CountsItself) {
  const Replay replay = replayed(with(with(dead_letter(), names::kReplays, "1"), names::kReplays, "2"));
  EXPECT_EQ(replay.headers.back(), (std::pair<std::string, std::optional<std::string>>("braid-replays", "3")));
  EXPECT_EQ(names_of(replay).size(), 6u) << "once";
}

TEST(Replay, GoesToItsOwnPartition) {
  EXPECT_EQ(replayed(dead_letter()).partition, PartitionNumber{3});
  EXPECT_EQ(replayed(dead_letter(), {.by_key = true}).partition, std::nullopt);
  EXPECT_EQ(replayed(without(dead_letter(), names::kPartition)).partition, std::nullopt);
  const Replay elsewhere = replayed(dead_letter(), {.topic = "repair"});
  EXPECT_EQ(elsewhere.topic, "repair");
  EXPECT_EQ(elsewhere.partition, std::nullopt);
}

TEST(Replay, NullAndEmptyStayWhatTheyAre) {
  Letter letter = dead_letter();
  letter.key = std::nullopt;
  letter.payload = std::nullopt;
  letter.headers.insert(letter.headers.begin(), {"null", std::nullopt});
  letter.headers.insert(letter.headers.begin(), {"empty", ""});
  const Replay tombstone = replayed(letter);
  EXPECT_EQ(tombstone.key, std::nullopt);
  EXPECT_EQ(tombstone.payload, std::nullopt);
  EXPECT_EQ(tombstone.headers[0].second, "");
  EXPECT_EQ(tombstone.headers[1].second, std::nullopt);
  letter.key = "";
  letter.payload = "";
  EXPECT_EQ(replayed(letter).key, "");
  EXPECT_EQ(replayed(letter).payload, "");
}

}  // namespace
}  // namespace braid::app_test
