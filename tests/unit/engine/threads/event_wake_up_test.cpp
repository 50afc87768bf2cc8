#include "engine/threads/event_wake_up.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace braid::engine {
namespace {

using namespace std::chrono_literals;

Time now() {
  return std::chrono::steady_clock::now();
}

TEST(EventWakeUp, ReturnsAtTheDeadlineWithoutANotification) {
  EventWakeUp wake_up;
  const Time until = now() + 20ms;
  wake_up.wait_until(until);
  EXPECT_GE(now(), until - 1ms);
}

TEST(EventWakeUp, ANotificationBeforeTheWaitEndsItAtOnce) {
  EventWakeUp wake_up;
  wake_up.notify();
  const Time start = now();
  wake_up.wait_until(start + 30s);
  EXPECT_LT(now() - start, 15s);
}

TEST(EventWakeUp, ManyNotificationsEndOneWait) {
  EventWakeUp wake_up;
  for (int i = 0; i < 1000; ++i) wake_up.notify();
  wake_up.wait_until(now() + 30s);
  const Time until = now() + 20ms;
  wake_up.wait_until(until);
  EXPECT_GE(now(), until - 1ms);
}

TEST(EventWakeUp, ADeadlineInThePastDoesNotWait) {
  EventWakeUp wake_up;
  const Time start = now();
  wake_up.wait_until(start - 1h);
  EXPECT_LT(now() - start, 15s);
}

// Ping and pong: each round waits for the other thread, so that one lost notification stops the test.
TEST(EventWakeUp, LosesNoNotification) {
  constexpr int kRounds = 20'000;
  EventWakeUp to_pong;
  EventWakeUp to_ping;
  std::atomic<int> sent{0};
  std::atomic<int> answered{0};
  std::atomic<bool> lost{false};
  const auto wait_for = [&](EventWakeUp& wake_up, const std::atomic<int>& value, int wanted) {
    const Time deadline = now() + 10s;
    while (value.load(std::memory_order_relaxed) < wanted) {
      wake_up.wait_until(deadline);
      if (now() >= deadline) lost = true;
      if (lost) return;
    }
  };
  std::thread pong([&] {
    for (int i = 1; i <= kRounds && !lost; ++i) {
      wait_for(to_pong, sent, i);
      answered.store(i, std::memory_order_relaxed);
      to_ping.notify();
    }
  });
  for (int i = 1; i <= kRounds && !lost; ++i) {
    sent.store(i, std::memory_order_relaxed);
    to_pong.notify();
    wait_for(to_ping, answered, i);
  }
  pong.join();
  EXPECT_FALSE(lost);
}

// A notifier that is slow between its flag and its write leaves the descriptor readable behind: that may end one
// wait early, not all that follow.
TEST(EventWakeUp, DoesNotSpinAfterANotificationThatCameLate) {
  EventWakeUp wake_up;
  std::atomic<int> round{0};
  std::atomic<int> notified{0};
  constexpr int kRounds = 3000;
  std::thread notifier([&] {
    for (int i = 1; i <= kRounds; ++i) {
      while (round.load() < i) std::this_thread::yield();
      wake_up.notify();
      notified.store(i);
    }
  });
  int spins = 0;
  for (int i = 1; i <= kRounds; ++i) {
    round.store(i);
    while (notified.load() < i) wake_up.wait_until(now());
    wake_up.wait_until(now());          // the notification itself
    wake_up.wait_until(now() + 100us);  // the early end that is allowed
    const Time start = now();
    wake_up.wait_until(start + 100us);
    if (now() < start + 50us) ++spins;  // the system's timer may be early by a little; who spins returns at once
  }
  notifier.join();
  EXPECT_EQ(spins, 0);
}

}  // namespace
}  // namespace braid::engine
