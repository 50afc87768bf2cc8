#pragma once

#include "engine/listener/partition_filters.hpp"
#include "unit/engine/listener/commit_world.hpp"

#include <braid/routing/partition_by.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

// One partition with filters before its consumers, in either flow. Thread: one.

namespace braid::engine {

namespace filters_test {

using namespace std::chrono_literals;
using test_support::CommitWorld;
using Numbers = std::vector<std::int64_t>;
using When = routing::Commit::When;

inline Numbers from_to(std::int64_t first, std::int64_t last) {
  Numbers numbers;
  for (std::int64_t i = first; i <= last; ++i) numbers.push_back(i);
  return numbers;
}

// Asks a function of the test's.
class Asking final : public Filter {
 public:
  using Say = std::function<Verdict(const Message&, const FilterTime&)>;
  Asking(const Say& say, FilterStage stage) : say_(say), stage_(stage) {}
  Verdict ask(const Message& message, const FilterTime& time) override { return say_(message, time); }
  [[nodiscard]] FilterStage stage() const override { return stage_; }

 private:
  const Say& say_;
  FilterStage stage_;
};

class PartitionFiltersTest : public testing::TestWithParam<routing::Flow> {
 protected:
  using Filters = std::vector<routing::FilterSettings>;
  CommitWorld& make(Filters filters, const routing::Commit& policy = {}, std::uint32_t virtual_partitions = 1,
                    const std::function<void(routing::Topic&)>& tune = {}) {
    made_.emplace(policy, GetParam(), virtual_partitions, [&](routing::Topic& topic) {
      topic.filters = std::move(filters);
      if (tune) tune(topic);
    });
    return *made_;
  }
  CommitWorld& world() { return *made_; }
  routing::FilterSettings asking(FilterStage stage = FilterStage::partition) {
    return {.name = "Asking", .factory = [this, stage] { return std::make_unique<Asking>(say, stage); }};
  }
  void skip_odd_ones() {
    say = [](const Message& message, const FilterTime&) {
      return message.offset().value % 2 == 0 ? Verdict::pass() : Verdict::skip();
    };
  }
  void run_all() {
    for (int i = 0; i < 50 && world().pool->size() > 0; ++i) world().run();
  }
  [[nodiscard]] Numbers consumed() {
    Numbers numbers = world().consumed;
    std::ranges::sort(numbers);
    return numbers;
  }
  [[nodiscard]] std::int64_t position() {
    world().the().runner->fold();
    return world().the().runner->position()->value;
  }
  [[nodiscard]] std::uint64_t filtered() { return world().world.counters->messages_filtered.load(); }
  [[nodiscard]] std::optional<core::Time> wakes_at() { return world().the().runner->wakes_at(); }

  Asking::Say say;
  std::optional<CommitWorld> made_;
};

}  // namespace filters_test
}  // namespace braid::engine
