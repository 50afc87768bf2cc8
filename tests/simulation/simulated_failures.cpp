// How user code fails, and says so.

#include "engine/worker/hook_calls.hpp"
#include "simulation/simulated_consumer.hpp"

#include <braid/batch.hpp>
#include <braid/message_consumer.hpp>
#include <braid/recovery.hpp>

#include <chrono>
#include <stdexcept>

namespace braid::simulation {

// What the framework offers to those who take one message at a time.
class SimulatedConsumer::OneByOne final : public MessageConsumer {
 public:
  OneByOne(SimulatedConsumer& consumer, Batch& batch) : consumer_(consumer), batch_(batch) {}

 private:
  void consume(const Message& message) override {
    consumer_.setting_.world->happened(Happening::taken_one_by_one);
    consumer_.record_->take_in_hand(message.offset().value);
    consumer_.work_on_message(message, false);
    if (consumer_.promises_.exactly_once) consumer_.take_effect(batch_, message);
    if (consumer_.promises_.steered) consumer_.steer(message);
    consumer_.record_->mark(message.offset().value, true);
    if (consumer_.where_->lost()) consumer_.record_->incarnation().inexact = true;
  }
  SimulatedConsumer& consumer_;
  Batch& batch_;
};

void SimulatedConsumer::work_on_one_by_one(Batch& batch) {
  OneByOne one_by_one(*this, batch);
  engine::ConsumerAccess::consume(one_by_one, batch);
}

void SimulatedConsumer::meet_bad_message(const Message& message) {
  const TopicRecovery& recovery = promises_.recovery;
  const std::int64_t offset = message.offset().value;
  FakePartition& partition = setting_.kafka->partition(record_->incarnation().partition);
  if (is_poison(recovery, partition.index, offset)) {
    setting_.world->happened(Happening::poison_met);
    fail(message);
  }
  FakeRecord& record = *partition.log.find(offset);
  if (record.tried >= transient_failures(recovery, partition.index, offset)) return;
  ++record.tried;
  setting_.world->happened(Happening::transient_met);
  fail(message);
}

void SimulatedConsumer::fail(const Message& message) {
  World& world = *setting_.world;
  if (promises_.recovery.says == Says::names && world.random.chance(700)) {
    // One that was done before, or is none of these: it counts as any other exception.
    if (world.random.chance(50)) {
      world.happened(Happening::misnamed);
      throw MessageFailed(Offset{message.offset().value - 1'000'000}, "some other message");
    }
    world.happened(Happening::named);
    if (world.random.chance(60)) throw Hopeless(message, "this one, and in vain");
    throw MessageFailed(message, "this one");
  }
  throw std::runtime_error("a message could not be processed");
}

bool SimulatedConsumer::give_up(Batch& batch, const Message& message) {
  World& world = *setting_.world;
  const TopicRecovery& recovery = promises_.recovery;
  if (calm() || setting_.dead || !world.random.chance(recovery.explicitly)) return false;
  const std::int64_t offset = message.offset().value;
  const std::size_t which = world.random.below(3);
  if (which == 0) {
    const std::chrono::milliseconds after(world.random.between(0, 80));
    world.happened(Happening::retry_after_said);
    record_->said_retry_after(after);
    batch.retry_after(after);
    return false;
  }
  // It may have been marked from outside meanwhile.
  if (!record_->can_give_up(offset)) return false;
  if (which == 1 || !recovery.has_letters()) {
    record_->said_skip(offset);
    batch.skip(message);
  } else {
    world.happened(Happening::lettered_explicitly);
    record_->said_dead_letter(offset);
    batch.dead_letter(message, "not wanted");
  }
  return true;
}

}  // namespace braid::simulation
