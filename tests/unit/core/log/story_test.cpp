#include "core/log/story.hpp"

#include <gtest/gtest.h>

#include <string>

namespace braid::core {
namespace {

using namespace std::chrono_literals;

class StoryTest : public ::testing::Test {
 protected:
  static events::BatchSettled batch(std::int32_t partition, std::uint32_t messages,
                                    std::chrono::microseconds took = 12ms) {
    return {.where = {"group", "clicks", partition},
            .messages = messages,
            .virtual_partitions = 8,
            .took = took,
            .consumption_lag = 1300ms,
            .processing_lag = 250us};
  }
  static events::PartitionMeasured measured(std::int32_t partition, std::optional<std::int64_t> lag) {
    return {.where = {"group", "clicks", partition}, .committed_lag = lag};
  }

  Story story{10s};
  Time now{1h};
};

TEST_F(StoryTest, TheFirstBatchIsToldAtOnce) {
  EXPECT_FALSE(story.hear(measured(3, 3'200), now)) << "where nothing is done there is nothing to tell";
  const auto told = story.hear(batch(3, 1'000), now);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->text(),
            "batch of 1,000 from clicks/3 took 12 ms, lag 1300 ms (3,200 behind), 8 virtual partitions");
  EXPECT_EQ(told->over, 0ms);
}

TEST_F(StoryTest, WhatFollowsIsSummedUp) {
  static_cast<void>(story.hear(batch(3, 1'000), now));
  std::optional<Chapter> told;
  for (int i = 0; i < 99; ++i) {
    now += 100ms;
    told = story.hear(batch(i % 2, 500, i == 50 ? 45ms : 12ms), now);
    ASSERT_FALSE(told) << i;
  }
  now += 100ms;
  told = story.hear(batch(0, 500), now);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->batches, 100u);
  EXPECT_EQ(told->messages, 50'000u);
  EXPECT_EQ(told->slowest, 45ms);
  EXPECT_EQ(told->took, 99 * 12ms + 45ms);
  EXPECT_EQ(told->processing_lag, 250us);
  EXPECT_EQ(told->over, 10s);
  EXPECT_EQ(
      told->text(),
      "100 batches of 50,000 from 2 partitions of clicks took 12 ms each, 45 ms at most, lag 1300 ms, 8 virtual "
      "partitions; in 10.0 s");
}

TEST_F(StoryTest, WhatIsLeftIsToldWithTheNextMeasurement) {
  static_cast<void>(story.hear(batch(3, 1'000), now));
  EXPECT_FALSE(story.hear(batch(3, 7), now += 1s));
  EXPECT_FALSE(story.hear(measured(3, 0), now += 5s));
  const auto told = story.hear(measured(3, 0), now += 5s);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->messages, 7u);
  EXPECT_EQ(told->committed_lag, 0);
  EXPECT_FALSE(story.hear(measured(3, 0), now += 50s)) << "who has nothing to say is silent";
}

TEST_F(StoryTest, APauseIsNotPartOfWhatComesBehindIt) {
  static_cast<void>(story.hear(batch(3, 1'000), now));
  const auto told = story.hear(batch(3, 1), now += 3h);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->over, 0ms);
}

TEST_F(StoryTest, WhatWentWrongIsCounted) {
  static_cast<void>(story.hear(batch(3, 10), now));
  const events::Partition where{"group", "clicks", 3};
  EXPECT_FALSE(story.hear(events::AttemptFailed{.where = where}, now));
  EXPECT_FALSE(story.hear(events::AttemptFailed{.where = where}, now));
  EXPECT_FALSE(story.hear(events::MessageSkipped{.where = where}, now));
  EXPECT_FALSE(story.hear(events::MessageParked{.where = where}, now));
  EXPECT_FALSE(story.hear(events::MessagesDropped{.where = where, .share = {.messages = 3}}, now));
  const auto told = story.hear(events::DeadLetterSent{.where = where}, now += 10s);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->text(),
            "nothing done from clicks; 2 attempts failed; 1 dead letter; 1 message parked; 1 message skipped; 3 "
            "messages dropped; in 10.0 s");
}

TEST_F(StoryTest, LagIsThatOfAllPartitionsThatAreHere) {
  static_cast<void>(story.hear(measured(0, 100), now));
  static_cast<void>(story.hear(measured(1, 20), now));
  static_cast<void>(story.hear(measured(2, 3), now));
  static_cast<void>(story.hear(measured(2, std::nullopt), now));
  EXPECT_EQ(story.hear(batch(0, 1), now)->committed_lag, 120);
  story.hear(events::PartitionsRevoked{.where = {"group", "lane", 0}, .partitions = {{"clicks", 0}, {"other", 1}}});
  EXPECT_EQ(story.hear(batch(1, 1), now += 1min)->committed_lag, 20);
  story.hear(events::PartitionsRevoked{.where = {"group", "lane", 0}, .partitions = {{"clicks", 1}}});
  EXPECT_EQ(story.hear(batch(1, 1), now += 1min)->committed_lag, std::nullopt);
}

TEST_F(StoryTest, TheRestIsToldAtTheEnd) {
  static_cast<void>(story.hear(batch(3, 10), now));
  EXPECT_TRUE(story.finish(now).empty());
  static_cast<void>(story.hear(batch(3, 5), now));
  const auto rest = story.finish(now += 1s);
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].messages, 5u);
  EXPECT_TRUE(story.finish(now).empty());
}

TEST_F(StoryTest, TopicsAndGroupsAreToldApart) {
  EXPECT_TRUE(story.hear(batch(3, 10), now));
  events::BatchSettled other = batch(3, 20);
  other.where.consumer_group = "others";
  const auto told = story.hear(other, now);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->consumer_group, "others");
  EXPECT_EQ(told->messages, 20u);
}

}  // namespace
}  // namespace braid::core
