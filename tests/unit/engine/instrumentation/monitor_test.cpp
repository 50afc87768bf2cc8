#include "engine/instrumentation/event_hub.hpp"
#include "engine/threads/latch_flag.hpp"
#include "unit/engine/bell.hpp"

#include <braid/monitor.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace braid::engine {
namespace {

using namespace std::chrono_literals;
using events::ApplicationStarted;
using events::ApplicationStopped;
using events::EventsDropped;
using test_support::Bell;

Time soon() {
  return std::chrono::steady_clock::now() + Bell::kPatience;
}

int threads_of_monitors() {
  int found = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::ifstream(task.path() / "comm") >> name;
    if (name == "braid-ev") ++found;
  }
  return found;
}

bool no_thread_is_left() {
  for (int tries = 0; tries < 3'000; ++tries) {
    if (threads_of_monitors() == 0) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

void emit(Monitor& monitor, std::uint32_t number) {
  monitor.hub()->emit<ApplicationStarted>([&] { return ApplicationStarted{.topics = number}; });
}

// A subscriber that stays in its first call until it is let go.
struct Door {
  LatchFlag inside;
  LatchFlag leave;
  void pass() {
    inside.raise();
    leave.wait_until(soon());
  }
};

TEST(Monitor, SubscribersHearOfTheirEventsInOrder) {
  Monitor monitor;
  std::vector<std::uint32_t> heard;
  const auto subscription = monitor.subscribe<ApplicationStarted>(
      [&](const ApplicationStarted& event) { heard.push_back(event.topics); });
  std::vector<std::uint32_t> expected;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    emit(monitor, i);
    expected.push_back(i);
    monitor.hub()->emit<ApplicationStopped>([] { return ApplicationStopped(); });
  }
  ASSERT_TRUE(monitor.flush(Bell::kPatience));
  EXPECT_EQ(heard, expected);
}

TEST(Monitor, SeveralHearOfOneAndOneOfAll) {
  Monitor monitor;
  int first = 0;
  std::optional<Monitor::Moment> moment;
  std::vector<std::string> all;
  const auto before = std::chrono::system_clock::now();
  const auto one = monitor.subscribe<ApplicationStarted>([&](const auto&) { ++first; });
  const auto other = monitor.subscribe<ApplicationStarted>([&](const auto&, Monitor::Moment at) { moment = at; });
  const auto third =
      monitor.subscribe_all([&](const Event& event, auto) { all.emplace_back(event_name(event.index())); });
  emit(monitor, 1);
  monitor.hub()->emit<ApplicationStopped>([] { return ApplicationStopped(); });
  ASSERT_TRUE(monitor.flush(Bell::kPatience));
  EXPECT_EQ(first, 1);
  ASSERT_TRUE(moment);
  EXPECT_GE(*moment, before);
  EXPECT_LE(*moment, std::chrono::system_clock::now());
  EXPECT_EQ(all, (std::vector<std::string>{"application.started", "application.stopped"}));
}

TEST(Monitor, WhatNobodyListensToIsNotMade) {
  Monitor monitor;
  int made = 0;
  const auto make = [&] {
    ++made;
    return ApplicationStarted();
  };
  monitor.hub()->emit<ApplicationStarted>(make);
  EXPECT_EQ(made, 0);
  auto other = monitor.subscribe<ApplicationStopped>([](const auto&) {});
  monitor.hub()->emit<ApplicationStarted>(make);
  EXPECT_EQ(made, 0);
  auto subscription = monitor.subscribe<ApplicationStarted>([](const auto&) {});
  monitor.hub()->emit<ApplicationStarted>(make);
  EXPECT_EQ(made, 1);
  subscription.end();
  monitor.hub()->emit<ApplicationStarted>(make);
  EXPECT_EQ(made, 1);
  EXPECT_TRUE(monitor.hub()->wants<ApplicationStopped>()) << "others go on hearing of theirs";
}

TEST(Monitor, OneThatThrowsIsReportedAndHurtsNobody) {
  std::vector<std::string> troubles;
  Monitor monitor({.on_trouble = [&](std::string_view text) { troubles.emplace_back(text); }});
  int heard = 0;
  const auto bad = monitor.subscribe<ApplicationStarted>([](const auto&) { throw std::runtime_error("no room"); });
  const auto good = monitor.subscribe<ApplicationStarted>([&](const auto&) { ++heard; });
  for (std::uint32_t i = 0; i < 5; ++i) emit(monitor, i);
  ASSERT_TRUE(monitor.flush(Bell::kPatience));
  EXPECT_EQ(heard, 5);
  // The first time, the second, the fourth: ever less often.
  ASSERT_EQ(troubles.size(), 3u);
  EXPECT_NE(troubles[0].find("application.started threw (1 times so far)"), std::string::npos) << troubles[0];
  EXPECT_NE(troubles[0].find("no room"), std::string::npos) << troubles[0];
}

TEST(Monitor, AnEventThatCannotBeMadeIsCountedAndNothingElse) {
  Monitor monitor;
  const auto subscription = monitor.subscribe<ApplicationStarted>([](const auto&) {});
  monitor.hub()->emit<ApplicationStarted>([]() -> ApplicationStarted { throw std::bad_alloc(); });
  EXPECT_EQ(monitor.dropped(), 1u);
}

TEST(Monitor, WhatTakesItsTimeIsMadeOnTheThreadOfEvents) {
  std::vector<std::string> troubles;
  Monitor monitor({.on_trouble = [&](std::string_view text) { troubles.emplace_back(text); }});
  const auto make_here = [] { return ApplicationStarted{.topics = 7}; };
  monitor.hub()->emit_later<ApplicationStarted>(make_here);
  std::vector<std::uint32_t> heard;
  const auto subscription =
      monitor.subscribe<ApplicationStarted>([&](const auto& event) { heard.push_back(event.topics); });
  std::thread::id maker;
  monitor.hub()->emit_later<ApplicationStarted>([&] {
    maker = std::this_thread::get_id();
    return ApplicationStarted{.topics = 1};
  });
  monitor.hub()->emit_later<ApplicationStarted>(
      []() -> ApplicationStarted { throw std::runtime_error("no number"); });
  emit(monitor, 2);
  ASSERT_TRUE(monitor.flush(Bell::kPatience));
  EXPECT_EQ(heard, (std::vector<std::uint32_t>{1, 2})) << "in their order, and nothing from before";
  EXPECT_NE(maker, std::thread::id());
  EXPECT_NE(maker, std::this_thread::get_id());
  ASSERT_EQ(troubles.size(), 1u);
  EXPECT_NE(troubles[0].find("could not be made"), std::string::npos) << troubles[0];
  EXPECT_NE(troubles[0].find("no number"), std::string::npos) << troubles[0];
}

TEST(Monitor, WhatComesTooFastIsDroppedCountedAndTold) {
  std::vector<std::string> troubles;
  Monitor monitor({.max_queued = 10, .on_trouble = [&](std::string_view text) { troubles.emplace_back(text); }});
  Door door;
  std::vector<std::uint32_t> heard;
  std::vector<EventsDropped> dropped;
  const auto slow = monitor.subscribe<ApplicationStarted>([&](const ApplicationStarted& event) {
    if (event.topics == 0) door.pass();
    heard.push_back(event.topics);
  });
  const auto told = monitor.subscribe<EventsDropped>([&](const EventsDropped& event) { dropped.push_back(event); });
  emit(monitor, 0);
  ASSERT_TRUE(door.inside.wait_until(soon()));
  for (std::uint32_t i = 1; i <= 25; ++i) emit(monitor, i);
  EXPECT_EQ(monitor.dropped(), 15u) << "ten wait, and the limit holds";
  door.leave.raise();
  ASSERT_TRUE(monitor.flush(Bell::kPatience));
  ASSERT_EQ(heard.size(), 11u);
  EXPECT_EQ(heard.back(), 10u) << "the oldest are kept";
  ASSERT_EQ(dropped.size(), 1u);
  EXPECT_EQ(dropped[0].event, "application.started");
  EXPECT_EQ(dropped[0].count, 15u);
  EXPECT_EQ(dropped[0].total, 15u);
  ASSERT_EQ(troubles.size(), 1u);
  EXPECT_NE(troubles[0].find("15 application.started"), std::string::npos) << troubles[0];
}

TEST(Monitor, BehindTheEndOfASubscriptionItsFunctionDoesNotRun) {
  Monitor monitor;
  Door door;
  std::atomic<bool> left{false};
  std::atomic<int> calls{0};
  auto subscription = monitor.subscribe<ApplicationStarted>([&](const auto&) {
    ++calls;
    door.pass();
    left = true;
  });
  emit(monitor, 1);
  emit(monitor, 2);
  ASSERT_TRUE(door.inside.wait_until(soon()));
  std::jthread opener([&] {
    std::this_thread::sleep_for(20ms);
    door.leave.raise();
  });
  subscription.end();
  EXPECT_TRUE(left) << "end() returns when the call that runs has";
  EXPECT_EQ(calls, 1) << "and what waits is not for it any more";
  EXPECT_FALSE(subscription);
}

TEST(Monitor, ASubscriberMayEndItselfAndSubscribeAnew) {
  Monitor monitor;
  Subscription subscription;
  Subscription second;
  std::atomic<int> calls{0};
  std::atomic<int> calls_of_second{0};
  subscription = monitor.subscribe<ApplicationStarted>([&](const auto&) {
    ++calls;
    subscription.end();
    second = monitor.subscribe<ApplicationStarted>([&](const auto&) { ++calls_of_second; });
  });
  emit(monitor, 1);
  emit(monitor, 2);
  ASSERT_TRUE(monitor.flush(Bell::kPatience));
  EXPECT_EQ(calls, 1);
  emit(monitor, 3);
  ASSERT_TRUE(monitor.flush(Bell::kPatience));
  EXPECT_EQ(calls, 1);
  EXPECT_GE(calls_of_second, 1);
}

TEST(Monitor, WaitingForItselfIsRefused) {
  Monitor monitor;
  std::atomic<bool> flushed{true};
  const auto subscription =
      monitor.subscribe<ApplicationStarted>([&](const auto&) { flushed = monitor.flush(Bell::kPatience); });
  emit(monitor, 1);
  ASSERT_TRUE(monitor.flush(Bell::kPatience));
  EXPECT_FALSE(flushed);
}

TEST(Monitor, FlushGivesUpInTime) {
  Monitor monitor({.max_queued = 1});
  Door door;
  const auto subscription = monitor.subscribe<ApplicationStarted>([&](const auto&) { door.pass(); });
  emit(monitor, 1);
  ASSERT_TRUE(door.inside.wait_until(soon()));
  EXPECT_FALSE(monitor.flush(10ms));
  emit(monitor, 2);  // the queue is full now, so not even the wish to be told finds room
  EXPECT_FALSE(monitor.flush(10ms));
  door.leave.raise();
  EXPECT_TRUE(monitor.flush(Bell::kPatience));
}

TEST(Monitor, ItsThreadIsThereWhileAnybodySubscribes) {
  ASSERT_TRUE(no_thread_is_left());
  Monitor monitor;
  emit(monitor, 1);
  EXPECT_TRUE(monitor.flush()) << "there is nothing to wait for";
  EXPECT_EQ(threads_of_monitors(), 0);
  for (int round = 0; round < 3; ++round) {
    int heard = 0;
    auto one = monitor.subscribe<ApplicationStarted>([&](const auto&) { ++heard; });
    auto other = monitor.subscribe<ApplicationStopped>([](const auto&) {});
    emit(monitor, 1);
    ASSERT_TRUE(monitor.flush(Bell::kPatience));
    EXPECT_EQ(threads_of_monitors(), 1);
    EXPECT_EQ(heard, 1);
    other.end();
    emit(monitor, 2);
    ASSERT_TRUE(monitor.flush(Bell::kPatience));
    EXPECT_EQ(heard, 2);
    one.end();
    EXPECT_TRUE(no_thread_is_left());
  }
}

TEST(Monitor, GoesBeforeItsSubscriptions) {
  std::shared_ptr<EventHub> hub;
  Subscription subscription;
  int heard = 0;
  {
    Monitor monitor;
    hub = monitor.hub();
    subscription = monitor.subscribe<ApplicationStarted>([&](const auto&) { ++heard; });
    monitor.subscribe<ApplicationStarted>([&](const auto&) { heard += 10; }).keep();
    emit(monitor, 1);
    ASSERT_TRUE(monitor.flush(Bell::kPatience));
  }
  EXPECT_EQ(heard, 11);
  hub->emit<ApplicationStarted>([] { return ApplicationStarted(); });
  EXPECT_FALSE(hub->wants<ApplicationStarted>());
  EXPECT_EQ(hub->subscribe(1, [](const Event&, auto) {}), 0u);
  subscription.end();
  hub.reset();
  EXPECT_TRUE(no_thread_is_left());
}

// What a function holds goes with its subscription, even the monitor itself.
TEST(Monitor, MayBeLetGoOfByASubscriber) {
  auto monitor = std::make_shared<Monitor>();
  LatchFlag called;
  auto* const raw = monitor.get();
  raw->subscribe<ApplicationStarted>([held = std::move(monitor), &called](const auto&) mutable {
       held.reset();
       called.raise();
     })
      .keep();
  raw->hub()->emit<ApplicationStarted>([] { return ApplicationStarted(); });
  ASSERT_TRUE(called.wait_until(soon()));
  EXPECT_TRUE(no_thread_is_left());
}

TEST(Monitor, RefusesSettingsOutOfBounds) {
  EXPECT_THROW(Monitor({.max_queued = 0}), std::invalid_argument);
  EXPECT_THROW(Monitor({.max_queued = 70'000}), std::invalid_argument);
  EXPECT_THROW(Monitor({.measure_each = 10ms}), std::invalid_argument);
}

// Under the sanitizer of threads above all.
TEST(MonitorStress, ManyEmitWhileSubscribersComeAndGo) {
  Monitor monitor({.max_queued = 100});
  std::atomic<std::uint64_t> heard{0};
  std::atomic<bool> over{false};
  std::vector<std::jthread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      for (std::uint32_t number = 0; !over; ++number) emit(monitor, number);
    });
  }
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      while (!over) {
        auto counted = std::make_unique<std::atomic<std::uint64_t>>(0);
        auto subscription = monitor.subscribe<ApplicationStarted>([&](const auto&) { counted->fetch_add(1); });
        monitor.flush(5ms);
        subscription.end();
        heard += counted->load();
        counted.reset();  // a call behind the end would write here
      }
    });
  }
  const auto until = std::chrono::steady_clock::now() + 500ms;
  while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
  over = true;
  threads.clear();
  EXPECT_GT(heard, 0u);
}

}  // namespace
}  // namespace braid::engine
