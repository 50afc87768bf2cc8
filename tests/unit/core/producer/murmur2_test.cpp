#include "core/producer/murmur2.hpp"

#include <gtest/gtest.h>

#include <string_view>
#include <utility>

namespace braid::core {
namespace {

TEST(Murmur2, IsJavas) {
  // As Kafka's own tests have them (UtilsTest.testMurmur2).
  using Vector = std::pair<std::string_view, std::int32_t>;
  for (const auto& [key, hash] :
       {Vector{"21", -973932308}, Vector{"foobar", -790332482}, Vector{"a-little-bit-long-string", -985981536},
        Vector{"a-little-bit-longer-string", -1486304829},
        Vector{"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971}, Vector{"abc", 479470107}}) {
    EXPECT_EQ(murmur2(key), hash) << key;
  }
}

TEST(Murmur2, BytesAboveTheAsciiOnesAreNotNegative) {
  EXPECT_EQ(murmur2("\xff"), murmur2(std::string_view("\xff", 1)));
  EXPECT_NE(murmur2("\xff\xff\xff"), murmur2("\x7f\x7f\x7f"));
}

TEST(JavaPartition, IsNeverNegative) {
  EXPECT_EQ(java_partition("21", 10), PartitionNumber{(-973932308 & 0x7fffffff) % 10});
  EXPECT_EQ(java_partition("21", 1), PartitionNumber{0});
  EXPECT_EQ(java_partition("", 7), PartitionNumber{(murmur2("") & 0x7fffffff) % 7});
}

}  // namespace
}  // namespace braid::core
