#pragma once

#include "engine/ports/dead_letter_sink.hpp"
#include "simulation/simulated_consumer.hpp"
#include "simulation/world.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace braid::simulation {

// Takes the dead letters of one process to the broker: late, in any order, and not always; sometimes the letter
// arrives and its answer does not. What has arrived stays, whatever becomes of the process.
// Thread: one. Owned by a process, and by its listeners.
class FakeLetters final : public engine::DeadLetterSink {
 public:
  explicit FakeLetters(ConsumerSetting& setting) : setting_(setting) {}

  void send(const DeadLetter& letter, PartitionNumber original, Answer answer) override;
  // One of those on their way arrives, or does not. False: none is due.
  bool step();
  // The process has died: some still arrive, and nobody hears of it.
  void die();

 private:
  struct OnItsWay {
    std::shared_ptr<Incarnation> incarnation;
    std::int64_t offset = 0;
    engine::Time due{};
    Answer answer;
  };
  void arrive(const OnItsWay& letter);
  void acknowledge(const OnItsWay& letter);

  ConsumerSetting& setting_;
  std::vector<OnItsWay> on_their_way_;
};

}  // namespace braid::simulation
