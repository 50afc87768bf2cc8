#include "consumers.hpp"

#include <braid/recovery.hpp>
#include <braid/routing/describe.hpp>
#include <braid/routing/draw.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>

namespace {

using namespace std::chrono_literals;
using namespace braid::routing;
using To = DeadLetters::To;

// The lines on failures of one topic.
std::string said(const std::function<void(TopicBuilder&)>& set) {
  const std::string text = describe(draw([&](RoutesBuilder& r) {
    TopicBuilder topic = r.consumer_group("g").topic("t");
    set(topic);
  }));
  std::string result;
  for (std::size_t from = 0, to = 0; (to = text.find('\n', from)) != std::string::npos; from = to + 1) {
    const std::string line = text.substr(from, to - from);
    if (line.starts_with("      failures: ") || line.starts_with("      dead letters: ")) {
      result += line.substr(6) + '\n';
    }
  }
  return result;
}

TEST(DescribeRecovery, SaysNothingWhereNothingIsSet) {
  EXPECT_EQ(said([](auto&) {}), "");
}

TEST(DescribeRecovery, SaysHowOftenAndWhatFollows) {
  EXPECT_EQ(
      said([](auto& t) { t.dead_letter("t.dlq"); }),
      "failures: up to 3 retries, after 1s, then 2 times as long each, up to 1m, jitter 0.1; then dead letter\n"
      "dead letters: to t.dlq\n");
  EXPECT_EQ(said([](auto& t) {
              t.retries({.max = 1, .backoff = braid::fixed(5s), .max_elapsed = 10min})
                  .on_exhausted(OnExhausted::stop)
                  .on_failure(OnFailure::collapse);
            }),
            "failures: up to 1 retry, each after 5s, within 10m, with all that is not done of the batch; then the "
            "application stops\n");
  EXPECT_EQ(said([](auto& t) { t.retries({.max = 0}).on_exhausted(OnExhausted::skip); }),
            "failures: no retries; then skipped\n");
  EXPECT_EQ(said([](auto& t) { t.retries({.backoff = braid::exponential(100ms, 30s, 1.5, 0.25)}); }),
            "failures: retries without limit, after 100ms, then 1.5 times as long each, up to 30s, jitter 0.25\n");
  EXPECT_EQ(
      said([](auto& t) {
        t.retries({.backoff = braid::backoff([](auto, const auto&) { return 1ms; }),
                   .retry_if = [](const auto&) { return true; }})
            .dead_letter({.to = To::discarded})
            .on_exhausted(OnExhausted::park)
            .max_parked(7);
      }),
      "failures: up to 3 retries, each after what a function says, if a function says so; then parked, at most "
      "7\n"
      "dead letters: skipped and counted\n");
}

TEST(DescribeRecovery, SaysWhereDeadLettersGo) {
  const auto letters = [](const DeadLetters& value) {
    const std::string text = said([&](auto& t) { t.dead_letter(value); });
    return text.substr(text.find("dead letters: "));
  };
  EXPECT_EQ(letters({.topic_of = [](const braid::Message&) { return "x"; }}),
            "dead letters: to what a function says\n");
  EXPECT_EQ(letters({.topic = "d",
                     .strategy = [](const braid::Failure&) { return Decision::retry; },
                     .on_dead_letter = [](braid::DeadLetter&) {}}),
            "dead letters: to d, a strategy decides, with a hook\n");
  EXPECT_EQ(letters({.strategy = [](const braid::Failure&) { return Decision::retry; }}),
            "dead letters: none, a strategy decides\n");
}

}  // namespace
