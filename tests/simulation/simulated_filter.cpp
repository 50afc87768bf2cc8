#include "simulation/simulated_filter.hpp"

#include "simulation/fake_messages.hpp"
#include "simulation/observed_job.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>

namespace braid::simulation {

namespace {

constexpr std::uint32_t kWaits = 80;
constexpr std::uint32_t kThrows = 20;
constexpr std::int64_t kLongestWait = 20'000;  // microseconds

}  // namespace

bool is_skipped(int key, std::int64_t offset) {
  return key >= 0 ? key % 3 == 1 : offset % 5 == 2;
}
bool is_skipped(const FakeDelivery& message) {
  return is_skipped(message.key, message.offset);
}

Verdict SimulatedFilter::ask(const Message& message, const FilterTime& time) {
  World& world = *setting_.world;
  if (setting_.dead) return Verdict::pass();  // nobody sees what it does any more
  check_memory(world, message);
  if (time.now > world.clock.now()) world.fail("filters are told the time", "it is one to come");
  if (!world.calm && world.random.chance(kWaits)) {
    world.happened(Happening::filter_let_wait);
    return Verdict::wait(time.now + std::chrono::microseconds(world.random.between(-1000, kLongestWait)));
  }
  const FakeDelivery& delivery = delivery_of(message);
  if (is_skipped(delivery)) {
    finish(delivery);
    return Verdict::skip();
  }
  if (!world.calm && world.random.chance(kThrows)) {
    world.happened(Happening::filter_threw);
    throw std::runtime_error("a filter failed");
  }
  return Verdict::pass();
}

// Counted once: whoever passes a second time in one assignment was asked about though it had gone on.
void SimulatedFilter::passed(const Message& message, const FilterTime&) {
  if (setting_.dead) return;
  FakeDelivery& delivery = delivery_of(message);
  if (delivery.filtered) setting_.world->fail("filters count once", "a message has passed twice");
  delivery.filtered = true;
}

void SimulatedFilter::finish(const FakeDelivery& delivery) {
  Incarnation& incarnation = *delivery.incarnation;
  FakePartition& partition = setting_.kafka->partition(incarnation.partition);
  FakeRecord& record = *partition.log.find(delivery.offset);
  setting_.world->happened(Happening::message_filtered);
  record.finished_by = std::max(record.finished_by, incarnation.id);
  // What an incarnation did that a seek has left behind does not count.
  if (incarnation.id >= partition.moved_by) record.finished = true;
  // At most once: never to run is as good as to have run.
  record.begun = true;
  record.begun_by = std::max(record.begun_by, incarnation.id);
  if (!incarnation.ended) incarnation.open.erase(delivery.offset);
}

}  // namespace braid::simulation
