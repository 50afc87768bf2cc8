#include "core/recovery/recovery_rules.hpp"

#include <gtest/gtest.h>

namespace braid::core {
namespace {

using namespace std::chrono_literals;
using routing::Decision;
using routing::OnExhausted;

routing::Topic to_topic(std::optional<std::uint32_t> max = {}) {
  routing::Topic topic;
  topic.retries.max = max;
  topic.dead_letters = {.to = routing::DeadLetters::To::topic, .topic = "dlq"};
  return topic;
}

Next next(const routing::Topic& topic, const FailedAttempt& failed) {
  return RecoveryRules(topic).decide(failed);
}

TEST(RecoveryRules, WithoutDeadLettersEveryFailureIsTriedAgain) {
  EXPECT_EQ(next({}, {.attempt = 1'000'000, .culprit_known = true}), Next::retry);
}

TEST(RecoveryRules, WithDeadLettersThereAreThreeRetriesUnlessToldOtherwise) {
  EXPECT_EQ(next(to_topic(), {.attempt = 3, .culprit_known = true}), Next::retry);
  EXPECT_EQ(next(to_topic(), {.attempt = 4, .culprit_known = true}), Next::dead_letter);
  EXPECT_EQ(next(to_topic(0), {.attempt = 1, .culprit_known = true}), Next::dead_letter);
  EXPECT_EQ(next(to_topic(unlimited), {.attempt = unlimited, .culprit_known = true}), Next::retry);
}

TEST(RecoveryRules, AnUnknownCulpritIsTriedSinglyInsteadOfBeingGivenUp) {
  for (const OnExhausted what : {OnExhausted::dead_letter, OnExhausted::skip, OnExhausted::park}) {
    routing::Topic topic = to_topic(0);
    topic.on_exhausted = what;
    EXPECT_EQ(next(topic, {.attempt = 9}), Next::singly);
  }
}

TEST(RecoveryRules, WhatNoMessageWasSeenOfIsNoMessagesFault) {
  EXPECT_EQ(next(to_topic(0), {.attempt = 9, .delivered = false, .culprit_known = true}), Next::retry);
}

TEST(RecoveryRules, AnErrorThatIsNotWorthARetryUsesThemUp) {
  EXPECT_EQ(next(to_topic(), {.attempt = 1, .culprit_known = true, .worth_retrying = false}), Next::dead_letter);
}

TEST(RecoveryRules, ATimeAloneIsUsedToItsEnd) {
  routing::Topic topic = to_topic();
  topic.retries.max_elapsed = 10s;
  EXPECT_EQ(next(topic, {.attempt = 99, .elapsed = 9999ms, .culprit_known = true}), Next::retry);
}

TEST(RecoveryRules, TimeUsesRetriesUpToo) {
  routing::Topic topic = to_topic(unlimited);
  topic.retries.max_elapsed = 10s;
  EXPECT_EQ(next(topic, {.attempt = 5, .elapsed = 9999ms, .culprit_known = true}), Next::retry);
  EXPECT_EQ(next(topic, {.attempt = 5, .elapsed = 10s, .culprit_known = true}), Next::dead_letter);
}

TEST(RecoveryRules, AStrategyIsObeyedButNeverForAnUnknownCulprit) {
  const routing::Topic topic = to_topic();
  EXPECT_EQ(next(topic, {.culprit_known = true, .asked = Decision::skip}), Next::skip);
  EXPECT_EQ(next(topic, {.culprit_known = true, .asked = Decision::dead_letter}), Next::dead_letter);
  EXPECT_EQ(next(topic, {.attempt = 99, .culprit_known = true, .asked = Decision::retry}), Next::retry);
  EXPECT_EQ(next(topic, {.asked = Decision::skip}), Next::singly);
  EXPECT_EQ(next(topic, {.asked = Decision::stop}), Next::stop);
  EXPECT_EQ(next({}, {.culprit_known = true, .asked = Decision::dead_letter}), Next::retry) << "there are none";
  EXPECT_EQ(next({}, {.culprit_known = true, .asked = Decision::park}), Next::retry);
}

TEST(RecoveryRules, AtMostOnceNothingIsTriedAgain) {
  routing::Topic topic = to_topic();
  topic.commit.when = routing::Commit::When::before_processing;
  EXPECT_EQ(next(topic, {.culprit_known = true}), Next::dead_letter);
  EXPECT_EQ(next(topic, {}), Next::drop);
  EXPECT_EQ(next(topic, {.culprit_known = true, .asked = Decision::retry}), Next::drop);
  topic.dead_letters = {};
  EXPECT_EQ(next(topic, {.culprit_known = true}), Next::drop);
}

}  // namespace
}  // namespace braid::core
