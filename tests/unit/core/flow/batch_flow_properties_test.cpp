#include "core/flow/batch_flow.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace braid::core {
namespace {

using namespace std::chrono_literals;
using Step = BatchFlow::Step;

// One partition's flow, told the long way.
struct Model {
  std::size_t gathering = 0;
  bool running = false;
  bool armed = false;
  bool at_end = false;
  bool admits = true;
  Time since{};
  std::multimap<Time, std::uint32_t> retries;

  [[nodiscard]] Step next(Time now, std::uint32_t max, Duration wait) const {
    if (gathering == 0 || armed || !admits) return Step::wait;
    if (gathering < max && !at_end && now < since + wait) return Step::wait;
    return running ? Step::arm : Step::start;
  }
};

RC_GTEST_PROP(BatchFlowProperties, AgreesWithAPlainModel, ()) {
  const auto max = *rc::gen::inRange<std::uint32_t>(1, 8);
  const auto wait = std::chrono::milliseconds(*rc::gen::element(0, 20));
  const auto backoff = std::chrono::milliseconds(*rc::gen::inRange(1, 50));
  BatchFlow flow({.max_messages = max, .max_wait = wait});
  Model model;
  Time now = Time{} + 1h;
  std::uint32_t share = 0;

  const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 100));
  for (const int step : steps) {
    if (step < 35) {  // gather
      const auto room = flow.room();
      RC_ASSERT(room == (model.admits ? max - model.gathering : 0U));
      if (room == 0 || model.armed) continue;
      const auto count = *rc::gen::inRange<std::uint32_t>(1, room + 1);
      flow.gathered(count, now);
      if (model.gathering == 0) model.since = now;
      model.at_end = false;
      model.gathering += count;
    } else if (step < 60) {  // hand over, as far as the flow wants to
      const Step want = flow.next(now);
      if (want == Step::start) {
        flow.started();
        RC_ASSERT(!model.running);
        model.running = true;
        model.gathering = 0;
        model.at_end = false;
      } else if (want == Step::arm) {
        flow.armed();
        model.armed = true;
      }
    } else if (step < 65) {
      if (!model.armed) continue;
      flow.taken_back();
      model.armed = false;
    } else if (step < 75) {  // settle
      if (!model.running) continue;
      flow.settled();
      model.running = model.armed;
      if (model.armed) {
        model.gathering = 0;
        model.at_end = false;
      }
      model.armed = false;
    } else if (step < 80) {
      if (!model.running) continue;
      flow.failed(share, now + backoff);
      if (model.admits) model.retries.emplace(now + backoff, share);
      ++share;
    } else if (step < 90) {
      flow.reached_end();
      model.at_end = true;
    } else if (step < 97) {
      now += std::chrono::milliseconds(*rc::gen::inRange(0, 30));
      std::vector<std::uint32_t> expected;
      while (!model.retries.empty() && model.retries.begin()->first <= now) {
        expected.push_back(model.retries.begin()->second);
        model.retries.erase(model.retries.begin());
      }
      auto due = flow.take_due(now);
      std::ranges::sort(due);
      std::ranges::sort(expected);
      RC_ASSERT(due == expected);
    } else if (step < 99) {
      if (model.armed) continue;
      flow.dropped();
      model.gathering = 0;
      model.at_end = false;
    } else {
      flow.stop_admission();
      model.admits = false;
      model.retries.clear();
    }

    RC_ASSERT(flow.gathering() == model.gathering);
    RC_ASSERT(flow.gathering() <= max);
    RC_ASSERT(flow.running() == model.running);
    RC_ASSERT(flow.is_armed() == model.armed);
    RC_ASSERT(!flow.is_armed() || (flow.running() && flow.gathering() > 0));
    RC_ASSERT(flow.next(now) == model.next(now, max, wait));
    RC_ASSERT(flow.waiting_for_retry() == model.retries.size());
    // Who waits is woken when there is something to do: nothing that waits for time alone is forgotten.
    const auto wakes_at = flow.wakes_at();
    const bool waits = model.gathering > 0 && !model.armed && model.admits;
    RC_ASSERT(wakes_at.has_value() == (waits || !model.retries.empty()));
    if (wakes_at && waits) RC_ASSERT(*wakes_at <= model.since + wait);
    if (wakes_at && !model.retries.empty()) RC_ASSERT(*wakes_at <= model.retries.begin()->first);
  }
}

}  // namespace
}  // namespace braid::core
