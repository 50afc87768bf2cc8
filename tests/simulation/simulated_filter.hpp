#pragma once

#include "simulation/fake_kafka.hpp"
#include "simulation/simulated_consumer.hpp"

#include <braid/filter.hpp>

namespace braid::simulation {

struct FakeDelivery;

// Which messages a topic's filter skips: all of some keys, and some of those without one.
[[nodiscard]] bool is_skipped(const FakeDelivery& message);
[[nodiscard]] bool is_skipped(int key, std::int64_t offset);

// A user's filter: skips by key, lets messages wait for as long as it likes, and throws. What it skips it notes as
// finished, since it is: no user code is asked again. Thread: the listeners of its process.
class SimulatedFilter final : public Filter {
 public:
  SimulatedFilter(ConsumerSetting& setting, const Promises& promises) : setting_(setting), promises_(promises) {}

  Verdict ask(const Message& message, const FilterTime& time) override;
  void passed(const Message& message, const FilterTime& time) override;
  [[nodiscard]] FilterStage stage() const override { return promises_.filter_stage; }

 private:
  void finish(const FakeDelivery& delivery);

  ConsumerSetting& setting_;
  const Promises promises_;
};

}  // namespace braid::simulation
