#include "core/recovery/error_text.hpp"
#include "core/recovery/recovery_rules.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>

namespace braid::core {
namespace {

using std::chrono::milliseconds;

routing::Topic any_topic() {
  using routing::OnExhausted;
  using To = routing::DeadLetters::To;
  routing::Topic topic;
  if (*rc::gen::arbitrary<bool>()) topic.retries.max = *rc::gen::element(0U, 1U, 3U, 10U, unlimited);
  if (*rc::gen::arbitrary<bool>()) topic.retries.max_elapsed = milliseconds(*rc::gen::inRange(1, 1000));
  topic.on_exhausted = *rc::gen::element(OnExhausted::dead_letter, OnExhausted::skip, OnExhausted::park);
  topic.dead_letters.to = *rc::gen::element(To::nowhere, To::topic, To::function, To::discarded);
  if (*rc::gen::inRange(0, 4) == 0) topic.commit.when = routing::Commit::When::before_processing;
  return topic;
}

FailedAttempt any_attempt() {
  using routing::Decision;
  return {.attempt = *rc::gen::inRange(1U, 20U),
          .elapsed = milliseconds(*rc::gen::inRange(0, 2000)),
          .delivered = *rc::gen::arbitrary<bool>(),
          .culprit_known = *rc::gen::arbitrary<bool>(),
          .worth_retrying = *rc::gen::arbitrary<bool>(),
          .asked = *rc::gen::element(Decision::by_rules, Decision::retry, Decision::dead_letter, Decision::skip,
                                     Decision::park, Decision::stop)};
}

RC_GTEST_PROP(RecoveryRulesProperties, OnlyAKnownCulpritThatWasSeenIsGivenUp, ()) {
  const routing::Topic topic = any_topic();
  FailedAttempt failed = any_attempt();
  if (failed.culprit_known && failed.delivered) failed.culprit_known = false;
  const Next next = RecoveryRules(topic).decide(failed);
  RC_ASSERT(next != Next::dead_letter);
  RC_ASSERT(next != Next::skip);
  RC_ASSERT(next != Next::park);
}

RC_GTEST_PROP(RecoveryRulesProperties, RetriesAreAsManyAsAreAllowed, ()) {
  routing::Topic topic = any_topic();
  const auto max = *rc::gen::inRange(0U, 20U);
  topic.retries = {.max = max};
  topic.commit = {};
  topic.dead_letters.to = routing::DeadLetters::To::topic;
  const RecoveryRules rules(topic);
  std::uint32_t attempt = 1;
  while (rules.decide({.attempt = attempt, .culprit_known = true}) == Next::retry) ++attempt;
  RC_ASSERT(attempt == max + 1);
}

RC_GTEST_PROP(ErrorTextProperties, IsBoundedAndValidWhateverComes, (const std::string& text)) {
  const auto most = *rc::gen::inRange(std::size_t{0}, std::size_t{40});
  const std::string bounded = bounded_utf8(text, most);
  RC_ASSERT(bounded.size() <= most);
  RC_ASSERT(bounded_utf8(bounded, most) == bounded);
}

TEST(ErrorText, IsCutBetweenCharacters) {
  EXPECT_EQ(bounded_utf8("ab\u00e9", 3), "ab");
  EXPECT_EQ(bounded_utf8("ab\u00e9", 4), "ab\u00e9");
  EXPECT_EQ(bounded_utf8("a\xff\u20ac", 10), "a?\u20ac");
  EXPECT_EQ(bounded_utf8("\xed\xa0\x80", 10), "???") << "a surrogate is no character";
  EXPECT_EQ(bounded_utf8(std::string(2000, 'x'), 1000).size(), 1000U);
}

}  // namespace
}  // namespace braid::core
