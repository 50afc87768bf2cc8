#include <braid/routing/pause.hpp>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <chrono>

namespace braid::routing {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using namespace std::chrono_literals;

TEST(PauseBehind, DoublesUpToItsMost) {
  const Backoff backoff = exponential(500ms, 10s, 2.0, 0.0);
  EXPECT_EQ(pause_behind(backoff, 0), 500ms) << "no number below the first";
  EXPECT_EQ(pause_behind(backoff, 1), 500ms);
  EXPECT_EQ(pause_behind(backoff, 2), 1s);
  EXPECT_EQ(pause_behind(backoff, 5), 8s);
  EXPECT_EQ(pause_behind(backoff, 6), 10s);
  EXPECT_EQ(pause_behind(backoff, 4'000'000'000), 10s);
}

TEST(PauseBehind, ChanceTakesOffNoMoreThanTheJitter) {
  const Backoff backoff = exponential(4s, 60s, 2.0, 0.5);
  EXPECT_EQ(pause_behind(backoff, 1, 0.0), 4s);
  EXPECT_EQ(pause_behind(backoff, 1, 1.0), 2s);
  EXPECT_EQ(pause_behind(backoff, 9, 1.0), 30s);
}

RC_GTEST_PROP(PauseBehind, KeepsItsBounds, ()) {
  Backoff backoff;
  backoff.initial = milliseconds(*rc::gen::inRange(1, 100'000));
  backoff.max = backoff.initial + milliseconds(*rc::gen::inRange(0, 1'000'000));
  backoff.multiplier = 1.0 + *rc::gen::inRange(0, 1000) / 100.0;
  backoff.jitter = *rc::gen::inRange(0, 101) / 100.0;
  const auto attempt = *rc::gen::inRange(1U, 5000U);
  const double random = *rc::gen::inRange(0, 101) / 100.0;
  const nanoseconds pause = pause_behind(backoff, attempt, random);
  const nanoseconds full = pause_behind(backoff, attempt, 0.0);
  RC_ASSERT(full <= nanoseconds(backoff.max));
  RC_ASSERT(full >= nanoseconds(backoff.initial));
  RC_ASSERT(pause <= full);
  RC_ASSERT(pause + milliseconds(1) >= duration_cast<nanoseconds>(full * (1.0 - backoff.jitter)));
  RC_ASSERT(pause_behind(backoff, attempt + 1, 0.0) >= full);
  backoff.kind = Backoff::Kind::fixed;
  RC_ASSERT(pause_behind(backoff, attempt, random) == nanoseconds(backoff.initial));
}

}  // namespace
}  // namespace braid::routing
