#include "core/flow/batch_flow.hpp"
#include "unit/core/flow/flow_messages.hpp"

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

// One partition's flow, told the long way: lists of offsets, and a set of those that are open.
struct Model {
  std::vector<std::int64_t> gathering;
  std::vector<std::int64_t> present;
  bool running = false;
  bool armed = false;
  bool at_end = false;
  bool admits = true;
  Time since{};
  std::map<std::int64_t, bool> open;
  std::multimap<Time, std::uint32_t> retries;

  [[nodiscard]] std::optional<std::int64_t> position() const {
    if (open.empty()) return std::nullopt;
    for (const auto& [offset, is_open] : open) {
      if (is_open) return offset;
    }
    return open.rbegin()->first + 1;
  }
  [[nodiscard]] std::size_t open_count() const {
    return static_cast<std::size_t>(std::ranges::count_if(open, [](const auto& each) { return each.second; }));
  }
  [[nodiscard]] Step next(Time now, std::uint32_t max, Duration wait) const {
    if (gathering.empty() || armed || !admits) return Step::wait;
    if (gathering.size() < max && !at_end && now < since + wait) return Step::wait;
    return running ? Step::arm : Step::start;
  }
};

RC_GTEST_PROP(BatchFlowProperties, AgreesWithAPlainModel, ()) {
  const auto max = *rc::gen::inRange<std::uint32_t>(1, 8);
  const auto wait = std::chrono::milliseconds(*rc::gen::element(0, 20));
  const auto backoff = std::chrono::milliseconds(*rc::gen::inRange(1, 50));
  BatchFlow flow({.max_messages = max, .max_wait = wait, .retry_backoff = backoff});
  Model model;
  Time now = Time{} + 1h;
  std::int64_t next_offset = *rc::gen::inRange<std::int64_t>(0, 1000);
  std::uint32_t share = 0;

  const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 100));
  for (const int step : steps) {
    if (step < 35) {  // gather
      const auto room = flow.room();
      RC_ASSERT(room == (model.admits ? max - model.gathering.size() : 0U));
      if (room == 0 || model.armed) continue;
      std::vector<std::int64_t> offsets;
      const auto count = *rc::gen::inRange<std::uint32_t>(1, room + 1);
      for (std::uint32_t i = 0; i < count; ++i) {
        next_offset += *rc::gen::weightedElement<std::int64_t>({{5, 0}, {1, 1}, {1, 70}});
        offsets.push_back(next_offset++);
      }
      const auto messages = test_support::at_offsets(offsets);
      RC_ASSERT(flow.admissible(messages) == messages.size());
      flow.gathered(messages, now);
      if (model.gathering.empty()) model.since = now;
      model.at_end = false;
      for (const std::int64_t offset : offsets) {
        model.gathering.push_back(offset);
        model.open[offset] = true;
      }
    } else if (step < 60) {  // hand over, as far as the flow wants to
      const Step want = flow.next(now);
      if (want == Step::start) {
        flow.started();
        RC_ASSERT(!model.running);
        model.running = true;
        model.present = std::exchange(model.gathering, {});
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
      flow.settled({model.present.front()}, {model.present.back()});
      for (const std::int64_t offset : model.present) model.open[offset] = false;
      model.present.clear();
      model.running = model.armed;
      if (model.armed) {
        model.present = std::exchange(model.gathering, {});
        model.at_end = false;
      }
      model.armed = false;
    } else if (step < 80) {
      if (!model.running) continue;
      flow.failed(share, now);
      if (model.admits) model.retries.emplace(now + backoff, share);
      ++share;
    } else if (step < 85) {  // one message of the present batch
      if (model.present.empty()) continue;
      const std::int64_t offset = *rc::gen::elementOf(model.present);
      flow.done({offset});
      model.open[offset] = false;
    } else if (step < 90) {
      flow.reached_end(std::nullopt);
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
      model.gathering.clear();
      model.at_end = false;
    } else {
      flow.stop_admission();
      model.admits = false;
      model.retries.clear();
    }

    RC_ASSERT(flow.gathering() == model.gathering.size());
    RC_ASSERT(flow.gathering() <= max);
    RC_ASSERT(flow.running() == model.running);
    RC_ASSERT(flow.is_armed() == model.armed);
    RC_ASSERT(!flow.is_armed() || (flow.running() && flow.gathering() > 0));
    RC_ASSERT(flow.next(now) == model.next(now, max, wait));
    RC_ASSERT(flow.waiting_for_retry() == model.retries.size());
    RC_ASSERT(flow.open_count() == model.open_count());
    const auto position = flow.position();
    RC_ASSERT(position.has_value() == model.position().has_value());
    if (position) RC_ASSERT(position->value == *model.position());
    // Who waits is woken when there is something to do: nothing that waits for time alone is forgotten.
    const auto wakes_at = flow.wakes_at();
    const bool waits = !model.gathering.empty() && !model.armed && model.admits;
    RC_ASSERT(wakes_at.has_value() == (waits || !model.retries.empty()));
    if (wakes_at && waits) RC_ASSERT(*wakes_at <= model.since + wait);
    if (wakes_at && !model.retries.empty()) RC_ASSERT(*wakes_at <= model.retries.begin()->first);
  }
}

}  // namespace
}  // namespace braid::core
