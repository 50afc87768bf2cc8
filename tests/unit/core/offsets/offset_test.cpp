#include <braid/offset.hpp>

#include <gtest/gtest.h>

#include <sstream>

namespace braid {
namespace {

TEST(Offset, ThePositionAfterARecordIsTheNextOffset) {
  EXPECT_EQ(next_after(Offset{41}), CommitPosition{42});
  EXPECT_EQ(expected_at(CommitPosition{42}), Offset{42});
}

TEST(Offset, ThePlainNumberIsPrinted) {
  std::ostringstream out;
  out << Offset{1} << ' ' << CommitPosition{2} << ' ' << PartitionNumber{3} << ' ' << VirtualPartitionIndex{4}
      << ' ' << Generation{5};
  EXPECT_EQ(out.str(), "1 2 3 4 5");
}

}  // namespace
}  // namespace braid
