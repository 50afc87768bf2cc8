#include "engine/ports/copied_messages.hpp"

#include "unit/support/test_messages.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace braid::engine {
namespace {

using namespace std::chrono_literals;
using test_support::TestMessages;
using test_support::TestMessageSource;

class CopiedMessagesTest : public testing::Test {
 protected:
  // A copy of a message whose original is gone.
  Message copy_of(test_support::TestRecord record) {
    auto originals = std::make_unique<TestMessages>();
    const auto copy = copies_.copy(originals->add(std::move(record)));
    EXPECT_TRUE(copy);
    return *copy;
  }

  TestMessageSource source_{"orders", 3};
  CopiedMessages copies_{source_};
};

TEST_F(CopiedMessagesTest, SayWhatTheirOriginalsSaid) {
  const Message copy = copy_of({.offset = 7,
                                .key = "ann",
                                .payload = std::string(100'000, 'p'),
                                .headers = {{"trace", "1"}, {"null", std::nullopt}, {"", ""}, {"trace", "22"}},
                                .timestamp = 1234ms});
  EXPECT_EQ(copy.offset(), Offset{7});
  EXPECT_EQ(copy.topic(), "orders");
  EXPECT_EQ(copy.partition(), PartitionNumber{3});
  EXPECT_EQ(copy.key(), "ann");
  EXPECT_EQ(copy.payload(), std::string(100'000, 'p'));
  EXPECT_EQ(copy.timestamp().time_since_epoch(), 1234ms);
  const auto headers = copy.headers();
  ASSERT_EQ(headers.size(), 4U);
  EXPECT_EQ(headers[0].name, "trace");
  EXPECT_EQ(headers[0].value, "1");
  EXPECT_EQ(headers[1].name, "null");
  EXPECT_EQ(headers[1].value, std::nullopt);
  EXPECT_EQ(headers[2].name, "");
  EXPECT_EQ(headers[2].value, "");
  EXPECT_EQ(headers[3].value, "22");
  EXPECT_EQ(copy.header("trace")->value, "22") << "the last one of that name";
  EXPECT_EQ(copy.header("null")->value, std::nullopt);
  EXPECT_FALSE(copy.header("absent"));
  CopiedMessages::free(copy);
}

TEST_F(CopiedMessagesTest, NullIsNotEmpty) {
  const Message nothing = copy_of({.offset = 1});
  EXPECT_FALSE(nothing.has_key());
  EXPECT_FALSE(nothing.has_payload());
  EXPECT_TRUE(nothing.headers().empty());
  EXPECT_EQ(nothing.timestamp(), std::chrono::system_clock::time_point{});
  const Message empty = copy_of({.offset = 2, .key = "", .payload = ""});
  EXPECT_TRUE(empty.has_key());
  EXPECT_TRUE(empty.has_payload());
  EXPECT_EQ(empty.size(), 0U);
  const Message tombstone = copy_of({.offset = 3, .key = "k"});
  EXPECT_EQ(tombstone.key(), "k");
  EXPECT_FALSE(tombstone.has_payload());
  for (const Message& each : {nothing, empty, tombstone}) CopiedMessages::free(each);
}

TEST_F(CopiedMessagesTest, AreToldFromOthers) {
  TestMessages originals;
  const Message original = originals.add("k", "v");
  const auto copy = copies_.copy(original);
  EXPECT_TRUE(copies_.has_made(*copy));
  EXPECT_FALSE(copies_.has_made(original));
  EXPECT_FALSE(CopiedMessages{source_}.has_made(*copy));
  CopiedMessages::free(*copy);
}

}  // namespace
}  // namespace braid::engine
