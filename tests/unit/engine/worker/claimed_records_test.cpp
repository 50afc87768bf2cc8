#include "engine/worker/claimed_records.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace braid::engine {
namespace {

using Ranges = std::vector<OffsetRange>;

OffsetRange range(std::int64_t first, std::int64_t last) {
  return {{first}, {last}};
}

TEST(ClaimedRecords, AreAskedForUntilTheyAreFound) {
  ClaimedRecords claims;
  EXPECT_EQ(claims.take(), Ranges{});
  claims.add(Ranges{range(4, 5), range(9, 9)});
  EXPECT_EQ(claims.take(), (Ranges{range(4, 5), range(9, 9)}));
  claims.add(Ranges{range(0, 3)});
  EXPECT_EQ(claims.take(), (Ranges{range(0, 5), range(9, 9)})) << "the first answer never came";
  claims.add(Ranges{range(6, 6)});
  claims.found();
  EXPECT_EQ(claims.take(), Ranges{range(6, 6)}) << "it was claimed behind the question";
  claims.found();
  EXPECT_EQ(claims.take(), Ranges{});
}

TEST(ClaimedRecords, NeighboursTakeNoRoom) {
  ClaimedRecords claims;
  for (std::int64_t at = 0; at < 100'000; ++at) claims.add(Ranges{range(at, at)});
  EXPECT_EQ(claims.take(), Ranges{range(0, 99'999)});
}

}  // namespace
}  // namespace braid::engine
