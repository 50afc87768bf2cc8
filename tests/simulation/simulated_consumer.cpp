#include "simulation/simulated_consumer.hpp"

#include "simulation/fake_messages.hpp"

#include <braid/batch.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

namespace braid::simulation {

// Tells that a job is inside user code, and how it left.
class SimulatedConsumer::JobScope {
 public:
  JobScope(ConsumerSetting& setting, Batch& batch, bool has_begun) : setting_(setting) {
    FakeDelivery& delivery = delivery_of(batch.front());
    if (delivery.released) setting_.world->fail("memory is valid", "a batch begins with a freed message");
    incarnation_ = delivery.incarnation;
    job_ = {setting.process, incarnation_.get(), &batch, batch.virtual_partition().index().value, has_begun};
    setting_.world->trace("job begins in virtual partition {} at {}", who(), incarnation_->partition,
                          job_.virtual_partition, batch.front().offset().value);
    setting_.kafka->guarantees().tell([&](Guarantee& each) { each.job_begins(job_); });
    if (batch.retrying() || facts().retry_from) setting_.world->happened(Happening::retry);
    count_reasons(batch, delivery);
    ++incarnation_->jobs_inside;
  }
  ~JobScope() {
    --incarnation_->jobs_inside;
    if (incarnation_->ended && !setting_.dead) setting_.world->happened(Happening::late_result);
    setting_.world->trace("job of virtual partition {} returns", who(), incarnation_->partition,
                          job_.virtual_partition);
    setting_.kafka->guarantees().tell([&](Guarantee& each) { each.job_ends(job_); });
  }
  JobScope(const JobScope&) = delete;
  JobScope& operator=(const JobScope&) = delete;

  [[nodiscard]] Incarnation& incarnation() { return *incarnation_; }
  [[nodiscard]] VirtualPartitionFacts& facts() { return incarnation_->virtual_partitions[job_.virtual_partition]; }

 private:
  // Why this job begins just now, as far as that can be seen from here.
  void count_reasons(const Batch& batch, const FakeDelivery& first) {
    World& world = *setting_.world;
    const Promises& promises = setting_.kafka->partition(incarnation_->partition).promises;
    if (world.current()->shares++ > 0) world.happened(Happening::job_followed_inline);
    if (setting_.limits->bytes().exhausted()) world.happened(Happening::bytes_exhausted);
    if (promises.max_wait > engine::Duration::zero() && batch.size() < promises.max_messages &&
        world.clock.now() >= first.taken_at + promises.max_wait) {
      world.happened(Happening::job_waited_out);
    }
  }
  [[nodiscard]] int who() const { return incarnation_->process * 10 + incarnation_->connection; }
  ConsumerSetting& setting_;
  std::shared_ptr<Incarnation> incarnation_;
  JobFacts job_;
};

void SimulatedConsumer::pause(bool may_be_long) {
  World& world = *setting_.world;
  std::optional<engine::Time> until;
  if (may_be_long && !calm() && world.random.chance(setting_.manners.long_pause)) {
    world.happened(Happening::job_stuck);
    until =
        world.clock.now() +
        std::chrono::microseconds(world.random.between(
            1, std::chrono::duration_cast<std::chrono::microseconds>(setting_.manners.long_pause_most).count()));
  } else if (!world.random.chance(setting_.manners.pauses)) {
    return;
  } else {
    until = world.clock.now() + std::chrono::microseconds(world.random.between(0, 3000));
  }
  world.wait(until, false);
}

void SimulatedConsumer::on_assigned(const VirtualPartition&) {
  if (setting_.world->random.chance(200)) {
    fresh_ = true;
    pause(false);
  }
  // At most once: what fails before it is seen here would be lost without our knowing.
  if (!calm() && !promises_.at_most_once && setting_.world->random.chance(setting_.manners.factory_fails)) {
    throw std::runtime_error("on_assigned failed");
  }
}

void SimulatedConsumer::check_memory(const Message& message) {
  const FakeDelivery& delivery = delivery_of(message);
  const bool good = !delivery.released && message.offset().value == delivery.offset &&
                    message.payload() == payload_text(delivery.incarnation->partition, delivery.offset) &&
                    message.has_key() == (delivery.key >= 0) &&
                    (delivery.key < 0 || message.key() == key_text(delivery.key));
  if (!good) {
    setting_.world->fail(
        "memory is valid",
        fmt::format("offset {} is read while it is not, or no more, what it was", message.offset().value));
  }
}

// Messages [from, to) are done: the plain record of it, which all guarantees go by.
void SimulatedConsumer::finish(Batch& batch, std::size_t from, std::size_t to) {
  if (setting_.dead) return;
  for (std::size_t i = from; i < to; ++i) {
    FakeDelivery& delivery = delivery_of(batch[i]);
    Incarnation& incarnation = *delivery.incarnation;
    FakeLog& log = setting_.kafka->partition(incarnation.partition).log;
    FakeRecord& record = *log.find(delivery.offset);
    setting_.world->happened(record.finished ? Happening::message_finished_again : Happening::message_finished);
    record.finished = true;
    if (!incarnation.ended) incarnation.open.erase(delivery.offset);
    if (const auto home = incarnation.homes.find(delivery.key); home != incarnation.homes.end()) {
      home->second.finished_at = setting_.world->step;
    }
    if (delivery.key >= 0) {
      const auto& offsets = log.of_key(delivery.key);
      const auto next = std::upper_bound(offsets.begin(), offsets.end(), delivery.offset);
      incarnation.next_of_key[delivery.key] = static_cast<std::size_t>(next - offsets.begin());
    }
    incarnation.virtual_partitions[batch.virtual_partition().index().value].done_through = delivery.offset;
  }
}

void SimulatedConsumer::consume(Batch& batch) {
  setting_.world->current()->was_in_user_code = true;
  if (setting_.dead) return;  // nobody sees what it does any more
  JobScope scope(setting_, batch, std::exchange(fresh_, false));
  try {
    work_on(batch);
  } catch (...) {
    if (!setting_.dead) setting_.world->happened(Happening::attempt_failed);
    const auto open = std::find_if(batch.begin(), batch.end(), [&](const Message& message) {
      return message.offset().value > scope.facts().done_through;
    });
    if (promises_.at_most_once) {
      drop(batch);
    } else if (open != batch.end()) {
      scope.facts().retry_from = open->offset().value;
    }
    throw;
  }
  scope.facts().retry_from.reset();
}

void SimulatedConsumer::work_on(Batch& batch) {
  Random& random = setting_.world->random;
  std::size_t finished = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    pause(true);
    if (setting_.dead) throw std::runtime_error("the process has died");
    check_memory(batch[i]);
    if (!calm() && random.chance(setting_.manners.throws)) {
      if (finished > 0) setting_.world->happened(Happening::failed_after_marks);
      throw std::runtime_error("a message could not be processed");
    }
    if (!calm() && random.chance(setting_.manners.throws_int)) {
      setting_.world->happened(Happening::attempt_failed_with_int);
      throw 42;
    }
    if (!random.chance(setting_.manners.marks)) continue;
    finish(batch, finished, i + 1);
    finished = i + 1;
    if (delivery_of(batch[i]).incarnation->ended) setting_.world->happened(Happening::late_mark);
    batch.mark(batch[i]);
    ask_for_commit(batch, batch[i].offset().value);
    pause(false);
  }
  for (const Message& message : batch) check_memory(message);
  finish(batch, finished, batch.size());
}

void SimulatedConsumer::ask_for_commit(Batch& batch, std::int64_t done_through) {
  if (!promises_.on_demand || setting_.dead || !setting_.world->random.chance(setting_.manners.asks)) return;
  Incarnation& incarnation = *delivery_of(batch.front()).incarnation;
  incarnation.asked = true;
  incarnation.asked_through = std::max(incarnation.asked_through, done_through);
  batch.commit_async();
}

// At most once: there is no second attempt, and nothing waits for these any more.
void SimulatedConsumer::drop(Batch& batch) {
  if (setting_.dead) return;
  for (const Message& message : batch) {
    const FakeDelivery& delivery = delivery_of(message);
    Incarnation& incarnation = *delivery.incarnation;
    if (incarnation.ended) continue;
    incarnation.open.erase(delivery.offset);
    incarnation.virtual_partitions[batch.virtual_partition().index().value].done_through = delivery.offset;
    if (delivery.key < 0) continue;
    const auto& offsets = setting_.kafka->partition(incarnation.partition).log.of_key(delivery.key);
    const auto next = std::upper_bound(offsets.begin(), offsets.end(), delivery.offset);
    incarnation.next_of_key[delivery.key] = static_cast<std::size_t>(next - offsets.begin());
  }
}

void SimulatedConsumer::say_farewell(const VirtualPartition& where, Happening what) {
  setting_.world->current()->was_in_user_code = true;
  if (setting_.dead) return;
  World& world = *setting_.world;
  const int partition = setting_.kafka->find({std::string(where.topic()), where.partition()})->index;
  world.happened(what);
  if (where.lost()) world.happened(Happening::hook_lost);
  setting_.kafka->guarantees().tell([&](Guarantee& each) { each.hook_begins(setting_.process, partition, where); });
  pause(true);
  setting_.kafka->guarantees().tell([&](Guarantee& each) { each.hook_ends(setting_.process, partition, where); });
  if (!calm() && world.random.chance(setting_.manners.hook_throws)) {
    world.happened(Happening::hook_failed);
    throw std::runtime_error("the last hook failed");
  }
}

void SimulatedConsumer::on_revoked(const VirtualPartition& where) {
  say_farewell(where, Happening::hook_revoked);
}
void SimulatedConsumer::on_stopping(const VirtualPartition& where) {
  say_farewell(where, Happening::hook_stopping);
}

}  // namespace braid::simulation
