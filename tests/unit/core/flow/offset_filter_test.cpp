#include "core/flow/offset_filter.hpp"

#include "unit/core/flow/flow_messages.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace braid::core {
namespace {

using test_support::at_offsets;
using test_support::offsets_of;
using Offsets = std::vector<std::int64_t>;

TEST(OffsetFilter, LetsWhatIsExpectedPass) {
  OffsetFilter filter(CommitPosition{5});
  auto messages = at_offsets({5, 6, 7});
  std::vector<Message> stale;
  const auto passed = filter.pass(messages, 0, stale);
  EXPECT_EQ(passed.stale, 0U);
  EXPECT_EQ(passed.jumps, 0U);
  EXPECT_EQ(offsets_of(messages), (Offsets{5, 6, 7}));
  EXPECT_EQ(filter.expected(), CommitPosition{8});
}

TEST(OffsetFilter, DropsWhatIsBelowTheStart) {
  OffsetFilter filter(CommitPosition{5});
  auto messages = at_offsets({3, 4, 5});
  std::vector<Message> stale;
  EXPECT_EQ(filter.pass(messages, 0, stale).stale, 2U);
  EXPECT_EQ(offsets_of(messages), (Offsets{5}));
  EXPECT_EQ(offsets_of(stale), (Offsets{3, 4}));
}

TEST(OffsetFilter, DropsWhatComesTwice) {
  OffsetFilter filter(CommitPosition{5});
  auto messages = at_offsets({5, 6, 5, 6, 7});
  std::vector<Message> stale;
  EXPECT_EQ(filter.pass(messages, 0, stale).stale, 2U);
  EXPECT_EQ(offsets_of(messages), (Offsets{5, 6, 7}));
}

TEST(OffsetFilter, LetsJumpsPassAndCountsThem) {
  OffsetFilter filter(CommitPosition{5});
  auto messages = at_offsets({7, 8, 20});
  std::vector<Message> stale;
  EXPECT_EQ(filter.pass(messages, 0, stale).jumps, 2U);
  EXPECT_EQ(offsets_of(messages), (Offsets{7, 8, 20}));
  EXPECT_EQ(filter.expected(), CommitPosition{21});
}

TEST(OffsetFilter, TheFirstMessageDefinesTheStartWhereThereIsNone) {
  OffsetFilter filter;
  auto messages = at_offsets({100, 101});
  std::vector<Message> stale;
  const auto passed = filter.pass(messages, 0, stale);
  EXPECT_EQ(passed.jumps, 0U);
  EXPECT_EQ(passed.stale, 0U);
  EXPECT_EQ(filter.expected(), CommitPosition{102});
}

TEST(OffsetFilter, NothingLeavesTheExpectationAlone) {
  OffsetFilter filter;
  auto messages = at_offsets({1, 2});
  std::vector<Message> stale;
  filter.pass(messages, 2, stale);
  EXPECT_FALSE(filter.expected().has_value());
  EXPECT_EQ(messages.size(), 2U);
}

TEST(OffsetFilter, LeavesWhatCameBeforeAlone) {
  OffsetFilter filter(CommitPosition{50});
  auto messages = at_offsets({48, 49, 10, 50});
  std::vector<Message> stale = at_offsets({1});
  filter.pass(messages, 2, stale);
  EXPECT_EQ(offsets_of(messages), (Offsets{48, 49, 50}));
  EXPECT_EQ(offsets_of(stale), (Offsets{1, 10}));
}

TEST(OffsetFilter, BelowAPositionThatIsDoneAllIsStale) {
  OffsetFilter filter(CommitPosition{5});
  filter.not_below(CommitPosition{8});
  EXPECT_EQ(filter.expected(), CommitPosition{8});
  auto messages = at_offsets({6, 7, 8, 9});
  std::vector<Message> stale;
  const auto passed = filter.pass(messages, 0, stale);
  EXPECT_EQ(passed.jumps, 0U) << "what lies below the position was never to come";
  EXPECT_EQ(offsets_of(messages), (Offsets{8, 9}));
  EXPECT_EQ(offsets_of(stale), (Offsets{6, 7}));
}

TEST(OffsetFilter, APositionBelowTheExpectedOffsetTakesNothingBack) {
  OffsetFilter filter(CommitPosition{5});
  filter.not_below(CommitPosition{2});
  EXPECT_EQ(filter.expected(), CommitPosition{5});
  filter.not_below(CommitPosition{5});
  EXPECT_EQ(filter.expected(), CommitPosition{5});
  auto messages = at_offsets({4, 5});
  std::vector<Message> stale;
  EXPECT_EQ(filter.pass(messages, 0, stale).stale, 1U);
}

TEST(OffsetFilter, APositionIsAStartWhereThereIsNone) {
  OffsetFilter filter;
  filter.not_below(CommitPosition{7});
  EXPECT_EQ(filter.expected(), CommitPosition{7});
  auto messages = at_offsets({6, 7});
  std::vector<Message> stale;
  EXPECT_EQ(filter.pass(messages, 0, stale).stale, 1U);
  EXPECT_EQ(offsets_of(messages), (Offsets{7}));
}

RC_GTEST_PROP(OffsetFilterProperties, EachOffsetPassesOnceAndInOrder, ()) {
  const auto start = *rc::gen::maybe(rc::gen::inRange<std::int64_t>(0, 20));
  OffsetFilter filter(start ? std::optional(CommitPosition{*start}) : std::nullopt);
  std::optional<std::int64_t> next;
  if (start) next = *start;
  const auto calls =
      *rc::gen::container<std::vector<Offsets>>(rc::gen::container<Offsets>(rc::gen::inRange<std::int64_t>(0, 40)));
  for (const Offsets& offsets : calls) {
    Offsets kept;
    Offsets dropped;
    std::uint64_t jumps = 0;
    for (const std::int64_t offset : offsets) {
      if (next && offset < *next) {
        dropped.push_back(offset);
        continue;
      }
      if (next && offset > *next) ++jumps;
      next = offset + 1;
      kept.push_back(offset);
    }
    auto messages = at_offsets(offsets);
    std::vector<Message> stale;
    const auto passed = filter.pass(messages, 0, stale);
    RC_ASSERT(offsets_of(messages) == kept);
    RC_ASSERT(offsets_of(stale) == dropped);
    RC_ASSERT(passed.stale == dropped.size());
    RC_ASSERT(passed.jumps == jumps);
    RC_ASSERT(filter.expected().has_value() == next.has_value());
    if (next) RC_ASSERT(filter.expected()->value == *next);
  }
}

}  // namespace
}  // namespace braid::core
