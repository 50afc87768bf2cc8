#include "core/recovery/refused_messages.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace braid::core {
namespace {

using namespace std::chrono_literals;

const Time kNow = Time(100s);

OffsetRange range(std::int64_t first, std::int64_t last) {
  return {Offset{first}, Offset{last}};
}
RefusedRecord of(std::optional<OffsetRange> messages, bool with_others = false) {
  return {messages, with_others, Error(Error::Kind::message_too_large, "too large")};
}
std::string told(const std::vector<RefusedRecord>& refused) {
  std::string text;
  for (const Refusal& each : blame(refused)) {
    text += std::to_string(each.of.first.value) + "-" + std::to_string(each.of.last.value) + " ";
  }
  return text;
}
Refusal refusal(std::int64_t first, std::int64_t last) {
  return {range(first, last), Error(Error::Kind::message_too_large, "too large")};
}

TEST(Blame, IsOfTheMessageThatItWasProducedFor) {
  EXPECT_EQ(told({of(range(7, 7)), of(range(3, 3)), of(range(7, 7))}), "3-3 7-7 ");
}

TEST(Blame, IsOfAnyOfThoseWhereItIsNotKnown) {
  EXPECT_EQ(told({of(range(3, 9))}), "3-9 ");
  EXPECT_EQ(told({of(range(3, 9)), of(range(5, 12)), of(range(20, 20))}), "20-20 3-12 ");
}

// A broker refuses a whole batch of records, though one is too large.
TEST(Blame, OfThoseThatWereRefusedTogetherIsOfAnyOfThem) {
  EXPECT_EQ(told({of(range(3, 3), true), of(range(8, 8), true)}), "3-8 ");
  EXPECT_EQ(told({of(range(3, 3), true)}), "3-3 ") << "it was alone";
  EXPECT_EQ(told({of(range(3, 3), true), of(range(3, 3), true)}), "3-3 ") << "both are of one message";
  EXPECT_EQ(told({of(range(3, 3)), of(range(3, 3), true), of(range(3, 3), true)}), "3-3 ");
}

// The only message that has sent something beside a letter is not to blame for it: it runs alone, which tells.
TEST(Blame, IsASuspicionWhereItMayBeADeadLetters) {
  RefusedRecord some = of(range(4, 4));
  some.maybe_a_letter = true;
  for (const auto& refused : {std::vector{some}, std::vector{of(range(4, 4), true), of(std::nullopt, true)}}) {
    const auto found = blame(refused);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_TRUE(found.front().suspected);
    RefusedMessages messages;
    messages.note(found.front(), kNow);
    EXPECT_EQ(messages.of(Offset{4}), nullptr);
    EXPECT_EQ(messages.alone_through(), Offset{4});
  }
}

TEST(Blame, IsOfNobodyWhereItWasForNoMessage) {
  EXPECT_EQ(told({of(std::nullopt), of(std::nullopt, true)}), "");
  EXPECT_EQ(told({}), "");
}

TEST(RefusedMessages, CountsTheTransactionsThatOneHasFailed) {
  RefusedMessages refused;
  EXPECT_TRUE(refused.empty());
  refused.note(refusal(5, 5), kNow);
  refused.note(refusal(5, 5), kNow + 3s);
  refused.note(refusal(6, 6), kNow + 3s);
  ASSERT_NE(refused.of(Offset{5}), nullptr);
  EXPECT_EQ(refused.of(Offset{5})->times, 2U);
  EXPECT_EQ(refused.of(Offset{5})->first, kNow);
  EXPECT_EQ(refused.of(Offset{6})->times, 1U);
  EXPECT_EQ(refused.of(Offset{7}), nullptr);
  EXPECT_EQ(refused.alone_through(), std::nullopt);
}

TEST(RefusedMessages, RunAloneUntilItIsKnownWhichItWas) {
  RefusedMessages refused;
  refused.note(refusal(5, 9), kNow);
  refused.note(refusal(2, 4), kNow);
  EXPECT_EQ(refused.alone_through(), Offset{9});
  EXPECT_EQ(refused.of(Offset{5}), nullptr) << "it is not known of any";
  refused.note(refusal(6, 6), kNow);
  EXPECT_EQ(refused.alone_through(), Offset{9}) << "others may be to blame too";
}

TEST(RefusedMessages, AreForgottenOnceThePositionHasPassedThem) {
  RefusedMessages refused;
  refused.note(refusal(5, 5), kNow);
  refused.note(refusal(6, 6), kNow);
  refused.note(refusal(1, 6), kNow);
  refused.passed(CommitPosition{6});
  EXPECT_EQ(refused.of(Offset{5}), nullptr);
  EXPECT_NE(refused.of(Offset{6}), nullptr);
  EXPECT_EQ(refused.alone_through(), Offset{6});
  refused.passed(CommitPosition{7});
  EXPECT_TRUE(refused.empty());
}

}  // namespace
}  // namespace braid::core
