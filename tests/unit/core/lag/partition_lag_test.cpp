#include "core/lag/partition_lag.hpp"

#include "core/lag/message_lag.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace braid::core {
namespace {

using namespace std::chrono_literals;

std::optional<CommitPosition> at(std::int64_t position) {
  return CommitPosition{position};
}

Time second(int number) {
  return Time(1000s) + std::chrono::seconds(number);
}

TEST(PartitionLag, IsToldByTheTable) {
  struct Row {
    std::string what;
    OffsetsNow now;
    std::optional<std::int64_t> committed;
    std::optional<std::int64_t> processed;
  };
  const std::vector<Row> table{
      {"nobody has said where the log ends", {.committed = at(3), .position = at(3)}, {}, {}},
      {"nothing is stored, nothing has come", {.end = at(100)}, {}, {}},
      {"all is done and committed", {at(100), at(100), Offset{99}, at(100)}, 0, 0},
      {"what is done is not committed yet", {at(40), at(100), Offset{99}, at(100)}, 60, 0},
      {"a start at the stored position", {at(40), at(40), {}, at(100)}, 60, 60},
      {"a gap at 40 holds the position back", {at(40), at(40), Offset{89}, at(100)}, 60, 10},
      {"the position has moved over markers behind the last one done",
       {at(40), at(95), Offset{89}, at(100)},
       60,
       5},
      {"nothing was ever committed", {{}, at(10), Offset{9}, at(100)}, {}, 90},
      {"the end is known late", {at(40), at(120), Offset{119}, at(100)}, 60, 0},
      {"committed beyond a log that was cut", {at(200), at(200), {}, at(100)}, 0, 0},
  };
  for (const Row& row : table) {
    const PartitionLag lag = lag_of(row.now);
    EXPECT_EQ(lag.committed, row.committed) << row.what;
    EXPECT_EQ(lag.processed, row.processed) << row.what;
  }
}

TEST(TakenWatch, SaysSinceWhenAnOffsetIsHereToWithinALook) {
  TakenWatch watch;
  watch.look(at(0), {}, second(0));  // nothing has come
  EXPECT_EQ(watch.age(Offset{0}, second(0)), std::nullopt);
  watch.look(at(10), Offset{0}, second(1));
  watch.look(at(10), Offset{3}, second(2));  // nothing new, and some of it is done
  watch.look(at(25), Offset{3}, second(3));
  EXPECT_EQ(watch.age(Offset{3}, second(5)), 4s);
  EXPECT_EQ(watch.age(Offset{9}, second(5)), 4s);
  EXPECT_EQ(watch.age(Offset{10}, second(5)), 2s);
  EXPECT_EQ(watch.age(Offset{25}, second(5)), std::nullopt) << "it has not been seen";
  watch.look(at(30), Offset{10}, second(6));
  EXPECT_EQ(watch.age(Offset{12}, second(7)), 4s) << "what came before is forgotten, and this is not";
}

TEST(TakenWatch, BeginsAnewWhenNothingIsOpen) {
  TakenWatch watch;
  watch.look(at(10), Offset{0}, second(1));
  watch.look(at(10), {}, second(2));
  watch.look(at(20), Offset{10}, second(60));
  EXPECT_EQ(watch.age(Offset{10}, second(61)), 1s) << "not since the last time that something was here";
}

TEST(TakenWatch, KeepsFewMarksAndStaysNearTheTruth) {
  TakenWatch watch;
  constexpr int kSeconds = 5'000;
  for (int i = 1; i <= kSeconds; ++i) {
    watch.look(at(i * 10), Offset{0}, second(i));
    ASSERT_LE(watch.marks(), TakenWatch::kMarksMost);
  }
  EXPECT_EQ(watch.age(Offset{0}, second(kSeconds)), std::chrono::seconds(kSeconds - 1)) << "the oldest is exact";
  const auto middle = watch.age(Offset{25'000}, second(kSeconds));
  ASSERT_TRUE(middle);
  EXPECT_NEAR(std::chrono::duration<double>(*middle).count(), 2'500, 2.0 * kSeconds / TakenWatch::kMarksMost * 2);
}

TEST(MessageLag, IsFromTheCreationToThePickUp) {
  const WallTime created = WallTime(std::chrono::hours(24 * 365 * 50));
  EXPECT_EQ(consumption_lag(created, created + 1500ms), 1500ms);
  EXPECT_EQ(consumption_lag(created, created), 0ms);
  EXPECT_EQ(consumption_lag(created, created - 3s), 0ms) << "its sender's clock is ahead of ours";
  EXPECT_EQ(consumption_lag(WallTime{}, created), 0ms) << "it has no timestamp";
}

TEST(MessageLag, IsFromBeingReadyToThePickUp) {
  EXPECT_EQ(processing_lag(second(1), second(1) + 250us), 250us);
  EXPECT_EQ(processing_lag(Time{}, second(1)), 0us) << "nobody has said that it is ready";
  EXPECT_EQ(processing_lag(second(2), second(1)), 0us);
}

}  // namespace
}  // namespace braid::core
