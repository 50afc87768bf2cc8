#include "core/producer/traceparent.hpp"

#include <gtest/gtest.h>

#include <string>

namespace braid::core {
namespace {

const std::string kGood = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(Traceparent, IsReadInItsParts) {
  const auto read = parse_traceparent(kGood);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(read->parent_id, "00f067aa0ba902b7");
  EXPECT_EQ(read->flags, "01");
}

TEST(Traceparent, MalformedOnesAreNone) {
  std::string upper = kGood;
  upper[4] = 'B';
  std::string undashed = kGood;
  undashed[2] = '0';
  std::string no_hex = kGood;
  no_hex[5] = 'g';
  for (const std::string& wrong :
       {std::string(), kGood.substr(1), kGood.substr(0, kGood.size() - 1), kGood + "-x", kGood + "0", upper,
        undashed, no_hex, "ff" + kGood.substr(2), "00-" + std::string(32, '0') + kGood.substr(35),
        kGood.substr(0, 36) + std::string(16, '0') + "-01"}) {
    EXPECT_FALSE(parse_traceparent(wrong).has_value()) << wrong;
  }
}

TEST(Traceparent, ALaterVersionMaySayMore) {
  EXPECT_TRUE(parse_traceparent("01" + kGood.substr(2) + "-what-comes").has_value());
  EXPECT_FALSE(parse_traceparent("01" + kGood.substr(2) + "what").has_value());
}

}  // namespace
}  // namespace braid::core
