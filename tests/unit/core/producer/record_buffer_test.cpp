#include "core/producer/record_buffer.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace braid::core {
namespace {

OwnedRecord record(const std::string& payload) {
  OwnedRecord made;
  made.topic = "t";
  made.payload = payload;
  return made;
}

std::vector<std::string> payloads(RecordBuffer& buffer) {
  std::vector<std::string> all;
  for (const OwnedRecord& each : buffer.take_out()) all.push_back(*each.payload);
  return all;
}

TEST(RecordBuffer, WhatIsReturnedIsBeforeWhatCameLater) {
  RecordBuffer buffer(10, 1000);
  for (const char* payload : {"a", "b", "c"}) buffer.add(record(payload));
  const auto a = buffer.take();
  const auto b = buffer.take();
  const auto c = buffer.take();
  ASSERT_TRUE(a && b && c);
  EXPECT_FALSE(buffer.take());
  buffer.add(record("d"));
  buffer.returned(c->number);
  buffer.delivered(b->number);
  buffer.returned(a->number);
  EXPECT_EQ(payloads(buffer), (std::vector<std::string>{"a", "c", "d"}));
  EXPECT_EQ(buffer.bytes(), 0U);
}

TEST(RecordBuffer, AFlushThatGoesUpwardsDoesNotMeetWhatItHasReturned) {
  RecordBuffer buffer(10, 1000);
  for (const char* payload : {"a", "b"}) buffer.add(record(payload));
  const auto a = buffer.take(0);
  ASSERT_TRUE(a);
  buffer.returned(a->number);
  const auto b = buffer.take(a->number);
  ASSERT_TRUE(b);
  EXPECT_EQ(b->record->payload, "b");
  EXPECT_FALSE(buffer.take(b->number));
}

TEST(RecordBuffer, WhatIsOnItsWayTakesRoom) {
  RecordBuffer buffer(2, 1000);
  buffer.add(record("a"));
  const auto a = buffer.take();
  ASSERT_TRUE(a);
  buffer.add(record("b"));
  EXPECT_FALSE(buffer.has_room_for(1, 1));
  buffer.delivered(a->number);
  EXPECT_TRUE(buffer.has_room_for(1, 1));
}

TEST(RecordBuffer, IsBoundedByBytesButTakesOneThatIsLarger) {
  RecordBuffer buffer(10, 4);
  EXPECT_TRUE(buffer.has_room_for(1, 100));
  buffer.add(record("abc"));
  EXPECT_TRUE(buffer.has_room_for(1, 1));
  EXPECT_FALSE(buffer.has_room_for(1, 2));
}

RC_GTEST_PROP(RecordBuffer, KeepsTheOrderOverAnyFailures, (const std::vector<std::uint8_t>& steps)) {
  RecordBuffer buffer(1000, 1000000);
  std::set<std::uint64_t> waiting;
  std::vector<std::uint64_t> away;
  for (const std::uint8_t step : steps) {
    switch (step % 4) {
      case 0:
      case 1:
        waiting.insert(buffer.add(record(std::to_string(step))));
        break;
      case 2:
        if (const auto taken = buffer.take()) {
          RC_ASSERT(taken->number == *waiting.begin());  // the oldest, always
          waiting.erase(taken->number);
          away.push_back(taken->number);
        } else {
          RC_ASSERT(waiting.empty());
        }
        break;
      default:
        if (away.empty()) break;
        const auto at = away.begin() + static_cast<std::ptrdiff_t>(step / 4 % away.size());
        if (step % 8 < 4) {
          buffer.returned(*at);
          waiting.insert(*at);
        } else {
          buffer.delivered(*at);
        }
        away.erase(at);
        break;
    }
    RC_ASSERT(buffer.waiting() == waiting.size());
    RC_ASSERT(buffer.on_their_way() == away.size());
  }
}

}  // namespace
}  // namespace braid::core
