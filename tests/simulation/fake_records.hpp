#pragma once

#include "engine/ports/record_sink.hpp"
#include "simulation/observed_job.hpp"
#include "simulation/simulated_consumer.hpp"
#include "simulation/world.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <vector>

namespace braid::simulation {

// What one attempt of user code has produced, and what waits for that, told from outside: a mark counts when all
// that was produced before it is delivered, the attempt ends when all of it is reported. Thread: one.
class ProducedAttempt {
 public:
  ProducedAttempt(const ConsumerSetting& setting, std::shared_ptr<ObservedJob> job)
      : setting_(setting), job_(std::move(job)) {}

  // A record for that message is on its way; returns its number.
  std::size_t sent(std::int64_t offset);
  // True: the mark does not count yet, or never will.
  [[nodiscard]] bool hold(std::int64_t mark);
  // The call has returned, or has thrown this.
  void ends(std::exception_ptr thrown);
  void reported(std::size_t number, bool delivered);

 private:
  enum class State : std::uint8_t { on_its_way, delivered, failed };
  struct Sent {
    std::int64_t offset;
    State state = State::on_its_way;
  };
  struct Mark {
    std::size_t behind;  // so many records
    std::int64_t offset;
  };
  [[nodiscard]] bool delivered(std::size_t first_ones) const;
  void end();

  const ConsumerSetting& setting_;
  std::shared_ptr<ObservedJob> job_;
  std::vector<Sent> sent_;
  std::deque<Mark> marks_;
  std::size_t on_their_way_ = 0;
  std::optional<std::int64_t> failed_;  // the first one that was told
  bool ended_ = false;
  std::exception_ptr thrown_;
};

// The producer of one process's consumers: takes its time, and not all of it arrives; sometimes a record does and
// its report says no. Thread: one.
class FakeRecords final : public engine::RecordSink {
 public:
  explicit FakeRecords(ConsumerSetting& setting) : setting_(setting) {}

  Result<void> send(const Record& record, OnDelivery on_delivery) override;
  // One of those on their way is reported. False: none is due.
  bool step();
  // The process has died: some still arrive, and nobody hears of it.
  void die();
  // All that is on its way is reported now. False: nothing was.
  bool close();

 private:
  struct OnItsWay {
    int partition = 0;
    std::int64_t offset = 0;  // the message that it was produced for
    std::shared_ptr<ProducedAttempt> attempt;
    std::size_t number = 0;  // there
    engine::Time due{};
    OnDelivery on_delivery;
  };
  void arrive(const OnItsWay& record);
  void report(OnItsWay record, bool fails);

  ConsumerSetting& setting_;
  std::vector<OnItsWay> on_their_way_;
};

}  // namespace braid::simulation
