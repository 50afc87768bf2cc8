#include "integration/faults/stored_commits.hpp"

#include <gtest/gtest.h>

#include <string>

namespace braid::faults {
namespace {

std::string number(std::int64_t value, int size) {
  std::string bytes;
  for (int i = size - 1; i >= 0; --i) bytes += static_cast<char>(value >> (8 * i) & 0xFF);
  return bytes;
}
std::string text(const std::string& value) {
  return number(static_cast<std::int64_t>(value.size()), 2) + value;
}

std::string key() {
  return number(1, 2) + text("readers") + text("orders") + number(5, 4);
}

TEST(OffsetRecord, TellsOfACommit) {
  const auto record =
      parse_offset_record(key(), number(3, 2) + number(70'000, 8) + number(4, 4) + text("gaps") + number(0, 8));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->group, "readers");
  EXPECT_EQ(record->topic, "orders");
  EXPECT_EQ(record->commit.partition, 5);
  EXPECT_EQ(record->commit.position, 70'000);
  EXPECT_EQ(record->commit.metadata, "gaps");
}

TEST(OffsetRecord, TellsOfACommitInTheFlexibleForm) {
  const auto record = parse_offset_record(key(), number(4, 2) + number(7, 8) + number(-1, 4) +
                                                     "\x05"
                                                     "gaps" +
                                                     number(0, 8));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->commit.position, 7);
  EXPECT_EQ(record->commit.metadata, "gaps");
}

TEST(OffsetRecord, IsNoneOfOtherRecords) {
  EXPECT_FALSE(parse_offset_record(key(), std::string()));                               // a tombstone
  EXPECT_FALSE(parse_offset_record(number(2, 2) + text("readers"), number(3, 2)));       // a group
  EXPECT_FALSE(parse_offset_record(key(), number(9, 2) + number(7, 8)));                 // of the future
  EXPECT_FALSE(parse_offset_record(key(), number(3, 2) + number(7, 8) + number(0, 4)));  // cut off
}

}  // namespace
}  // namespace braid::faults
