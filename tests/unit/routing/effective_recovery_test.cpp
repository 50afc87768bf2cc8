#include "consumers.hpp"

#include <braid/routing/draw.hpp>
#include <braid/routing/effective_recovery.hpp>
#include <braid/routing/validate.hpp>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <chrono>
#include <optional>
#include <vector>

// What settings for failures come to where some are left out.

namespace {

using namespace std::chrono_literals;
using namespace braid::routing;
using To = DeadLetters::To;
using When = Commit::When;
using braid::unlimited;

const auto kAnyError = [](const std::exception_ptr&) { return true; };

TEST(EffectiveRecovery, WithoutDeadLettersRetriesNeverEnd) {
  const Topic topic;
  EXPECT_FALSE(has_dead_letters(topic));
  EXPECT_EQ(max_retries_of(topic), unlimited);
  EXPECT_FALSE(can_be_exhausted(topic));
}

TEST(EffectiveRecovery, WithDeadLettersThereAreThree) {
  for (const To to : {To::topic, To::function, To::discarded}) {
    const Topic topic{.dead_letters = {.to = to}};
    EXPECT_TRUE(has_dead_letters(topic));
    EXPECT_EQ(max_retries_of(topic), 3u);
    EXPECT_TRUE(can_be_exhausted(topic));
    EXPECT_EQ(on_exhausted_of(topic), OnExhausted::dead_letter);
  }
}

TEST(EffectiveRecovery, WhatIsSaidCounts) {
  for (const To to : {To::nowhere, To::topic}) {
    for (const std::uint32_t max : {0u, 1u, 7u, unlimited}) {
      EXPECT_EQ(max_retries_of({.retries = {.max = max}, .dead_letters = {.to = to}}), max);
    }
    for (const OnExhausted what :
         {OnExhausted::dead_letter, OnExhausted::skip, OnExhausted::park, OnExhausted::stop}) {
      EXPECT_EQ(on_exhausted_of({.on_exhausted = what, .dead_letters = {.to = to}}), what);
    }
  }
}

TEST(EffectiveRecovery, ATimeIsUsedUp) {
  const Topic topic{.retries = {.max_elapsed = 10min}, .dead_letters = {.to = To::topic}};
  EXPECT_EQ(max_retries_of(topic), unlimited);
  EXPECT_TRUE(can_be_exhausted(topic));
  const Topic both{.retries = {.max = 5, .max_elapsed = 10min}, .dead_letters = {.to = To::topic}};
  EXPECT_EQ(max_retries_of(both), 5u);
}

TEST(EffectiveRecovery, SomeErrorsCanExhaustToo) {
  EXPECT_TRUE(can_be_exhausted({.retries = {.retry_if = kAnyError}}));
  EXPECT_EQ(max_retries_of({.retries = {.retry_if = kAnyError}}), unlimited);
}

TEST(EffectiveRecovery, AtMostOnceTriesNothingAgain) {
  const Topic plain{.commit = {.when = When::before_processing}};
  EXPECT_EQ(max_retries_of(plain), 0u);
  EXPECT_TRUE(can_be_exhausted(plain));
  EXPECT_EQ(on_exhausted_of(plain), OnExhausted::skip);
  const Topic letters{.commit = {.when = When::before_processing}, .dead_letters = {.to = To::topic}};
  EXPECT_EQ(max_retries_of(letters), 0u);
  EXPECT_EQ(on_exhausted_of(letters), OnExhausted::dead_letter);
}

std::optional<Retries> some_retries() {
  if (*rc::gen::arbitrary<bool>()) return std::nullopt;
  Retries retries;
  if (*rc::gen::arbitrary<bool>()) retries.max = *rc::gen::element(0u, 1u, 5u, unlimited);
  if (*rc::gen::arbitrary<bool>()) retries.max_elapsed = 10min;
  if (*rc::gen::arbitrary<bool>()) retries.retry_if = kAnyError;
  retries.backoff = braid::fixed(std::chrono::milliseconds{*rc::gen::inRange(1, 1000)});
  return retries;
}

void set_anything(TopicBuilder& topic) {
  if (const auto retries = some_retries()) topic.retries(*retries);
  if (*rc::gen::arbitrary<bool>()) topic.dead_letter("t.dlq");
  if (*rc::gen::arbitrary<bool>()) {
    topic.on_exhausted(
        *rc::gen::element(OnExhausted::dead_letter, OnExhausted::skip, OnExhausted::park, OnExhausted::stop));
  }
  topic.on_failure(*rc::gen::element(OnFailure::isolate, OnFailure::isolate, OnFailure::collapse));
  topic.commit(*rc::gen::element(When::interval, When::after_batch, When::before_processing));
  topic.offsets(*rc::gen::element(Offsets::automatic, Offsets::automatic, Offsets::manual));
  topic.flow(*rc::gen::element(Flow::batch, Flow::continuous));
}

// What the engine relies on: in valid routes every message that can be given up has somewhere to go.
RC_GTEST_PROP(EffectiveRecovery, ValidRoutesSayWhatFollows, ()) {
  const Routes routes = draw([](RoutesBuilder& r) {
    TopicBuilder topic = r.consumer_group("g").topic("t");
    topic.consumer<routing_test::Totals>();
    set_anything(topic);
  });
  RC_PRE(validate(routes).empty());
  const Topic& topic = routes.consumer_groups[0].subscription_groups[0].topics[0];
  const OnExhausted last = on_exhausted_of(topic);
  const bool at_most_once = topic.commit.when == When::before_processing;
  if (can_be_exhausted(topic)) RC_ASSERT(topic.on_exhausted || has_dead_letters(topic) || at_most_once);
  if (last == OnExhausted::dead_letter || last == OnExhausted::park) RC_ASSERT(has_dead_letters(topic));
  if (last == OnExhausted::park) RC_ASSERT(!at_most_once && topic.offsets == Offsets::automatic);
  if (at_most_once) RC_ASSERT(max_retries_of(topic) == 0u && topic.on_failure == OnFailure::isolate);
  if (topic.on_exhausted) RC_ASSERT(can_be_exhausted(topic));
  if (topic.on_failure == OnFailure::collapse) RC_ASSERT(topic.flow == Flow::batch);
}

// Told apart by their backoff.
RC_GTEST_PROP(EffectiveRecovery, TheNearestRetriesCountAsAWhole, ()) {
  const auto of_group = some_retries();
  const auto of_child = some_retries();
  const auto of_topic = some_retries();
  const Routes routes = draw([&](RoutesBuilder& r) {
    ConsumerGroupBuilder group = r.consumer_group("g");
    SubscriptionGroupBuilder child = group.subscription_group("s");
    TopicBuilder topic = child.topic("t");
    group.topic("i");  // of the implicit subscription group
    // Whatever the order they are said in.
    if (of_topic) topic.retries(*of_topic);
    if (of_child) child.retries(*of_child);
    if (of_group) group.retries(*of_group);
  });
  const auto check = [](const Topic& topic, const Retries& expected) {
    RC_ASSERT(topic.retries.backoff.initial == expected.backoff.initial);
    RC_ASSERT(topic.retries.max == expected.max);
    RC_ASSERT(topic.retries.max_elapsed == expected.max_elapsed);
    RC_ASSERT(static_cast<bool>(topic.retries.retry_if) == static_cast<bool>(expected.retry_if));
  };
  const Retries usual;
  const auto& groups = routes.consumer_groups[0].subscription_groups;
  check(groups[0].topics[0], of_topic ? *of_topic : of_child ? *of_child : of_group ? *of_group : usual);
  check(groups[1].topics[0], of_group ? *of_group : usual);
}

}  // namespace
