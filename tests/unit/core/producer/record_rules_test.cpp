#include "core/producer/record_rules.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace braid::core {
namespace {

constexpr std::size_t kMost = 10;

Record good() {
  Record record;
  record.topic = "orders.v-1_a";
  record.key = "k";
  record.payload = "0123456789";
  record.headers = {{"h", "1"}, {"h", std::nullopt}};
  record.partition = PartitionNumber{0};
  return record;
}

std::string problem_of(const Record& record) {
  const auto wrong = check_record(record, kMost);
  return wrong ? wrong->text() : "";
}

TEST(CheckRecord, TakesRepeatedHeadersTombstonesAndThePayloadThatJustFits) {
  EXPECT_EQ(problem_of(good()), "");
  Record tombstone = good();
  tombstone.payload.reset();
  EXPECT_EQ(problem_of(tombstone), "");
}

TEST(CheckRecord, SaysWhatIsWrong) {
  Record record = good();
  record.topic = "";
  EXPECT_EQ(problem_of(record), "a record without a topic");
  for (const std::string& name :
       {std::string("a b"), std::string("."), std::string(250, 'a'), std::string("t\0", 2)}) {
    record.topic = name;
    EXPECT_NE(problem_of(record).find("no topic's name"), std::string::npos) << name;
  }
  record = good();
  record.partition = PartitionNumber{-1};
  EXPECT_NE(problem_of(record).find("partition -1"), std::string::npos);
  record = good();
  record.headers.push_back({"", "x"});
  EXPECT_NE(problem_of(record).find("a header without a name"), std::string::npos);
  record = good();
  record.timestamp = std::chrono::system_clock::time_point{std::chrono::milliseconds(-1)};
  EXPECT_NE(problem_of(record).find("before 1970"), std::string::npos);
}

TEST(CheckRecord, APayloadTooLargeIsAKindOfItsOwn) {
  Record record = good();
  record.payload = "0123456789a";
  const auto wrong = check_record(record, kMost);
  ASSERT_TRUE(wrong);
  EXPECT_EQ(wrong->kind(), Error::Kind::message_too_large);
  EXPECT_NE(wrong->text().find("11 bytes"), std::string::npos);
}

}  // namespace
}  // namespace braid::core
