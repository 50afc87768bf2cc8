#include "simulation/simulated_consumer.hpp"

#include "simulation/callback_library.hpp"
#include "simulation/fake_records.hpp"
#include "simulation/fake_transactions.hpp"
#include "simulation/observed_job.hpp"
#include "simulation/steered_partition.hpp"

#include <braid/batch.hpp>
#include <braid/producer.hpp>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

namespace braid::simulation {

namespace {

constexpr std::size_t kKeptMost = 2;

}  // namespace

class SimulatedConsumer::Inside {
 public:
  explicit Inside(SimulatedConsumer& consumer) : consumer_(consumer) {
    if (std::exchange(consumer_.inside_, true)) {
      consumer_.setting_.world->fail("one call of an object at a time", "two are under way");
    }
  }
  ~Inside() { consumer_.inside_ = false; }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

 private:
  SimulatedConsumer& consumer_;
};

SimulatedConsumer::SimulatedConsumer(ConsumerSetting& setting, const Promises& promises)
    : setting_(setting), promises_(promises) {
  setting_.consumers.push_back(this);
}

SimulatedConsumer::~SimulatedConsumer() {
  std::erase(setting_.consumers, this);
}

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

void SimulatedConsumer::on_assigned(const VirtualPartition& where) {
  where_ = &where;
  if (setting_.world->random.chance(200)) {
    fresh_ = true;
    pause(false);
  }
  // At most once: what fails before it is seen here would be lost without our knowing.
  if (!calm() && !promises_.at_most_once && setting_.world->random.chance(setting_.manners.factory_fails)) {
    throw std::runtime_error("on_assigned failed");
  }
}

void SimulatedConsumer::begin(Batch& batch) {
  FakeDelivery& delivery = delivery_of(batch.front());
  if (delivery.released) setting_.world->fail("memory is valid", "a batch begins with a freed message");
  setting_.incarnations[delivery.incarnation->partition] = delivery.incarnation;
  if (batch.collapsed()) {
    if (!record_ || !record_->collapsed() || !record_->goes_on()) begin_collapsed(batch, delivery.incarnation);
  } else {
    if (record_ && record_->collapsed()) leave_collapsed();
    if (record_ && &record_->incarnation() == delivery.incarnation.get()) return;
    record_ = new_record(batch, delivery.incarnation);
  }
  if (!promises_.steered) return;
  const std::shared_ptr<SteeredPartition>& steered = delivery.incarnation->steered;
  if (steered->take(batch.control())) setting_.steered.push_back(steered);
}

std::shared_ptr<WorkRecord> SimulatedConsumer::new_record(const Batch& batch,
                                                          const std::shared_ptr<Incarnation>& incarnation) {
  auto record = std::make_shared<WorkRecord>(*setting_.world, *setting_.kafka, setting_.dead, incarnation,
                                             batch.virtual_partition().index().value);
  setting_.records.push_back(record);
  return record;
}

// What all virtual partitions of the batch have left is this one's to work on.
void SimulatedConsumer::begin_collapsed(const Batch& batch, const std::shared_ptr<Incarnation>& incarnation) {
  // One that is new may not have been made at once, and nobody counts those attempts here.
  const bool is_new = !record_;
  if (record_ && !record_->collapsed()) own_record_ = record_;
  record_ = new_record(batch, incarnation);
  record_->collapse(setting_.records, {batch.begin(), batch.size()}, is_new);
}

void SimulatedConsumer::leave_collapsed() {
  if (record_->goes_on() && !setting_.dead) {
    setting_.world->fail("a collapsed batch is one share to its end", "another share begins, and it goes on");
  }
  record_ = std::exchange(own_record_, nullptr);
}

void SimulatedConsumer::consume(Batch& batch) {
  setting_.world->current()->was_in_user_code = true;
  if (setting_.dead) return;  // nobody sees what it does any more
  const Inside inside(*this);
  setting_.library->notice_given_up();
  begin(batch);
  const auto job = std::make_shared<ObservedJob>(setting_, record_, batch, std::exchange(fresh_, false));
  record_->give({batch.begin(), batch.size()}, batch.attempt());
  ticket_.reset();
  produced_ = promises_.produces ? std::make_shared<ProducedAttempt>(setting_, job) : nullptr;
  try {
    work_on(batch, job);
  } catch (...) {
    if (produced_) {
      produced_->ends(std::current_exception());
      throw;
    }
    record_->failed(std::current_exception());
    if (ticket_) setting_.library->call_threw(*ticket_);
    job->end();
    throw;
  }
  if (produced_) {
    produced_->ends(nullptr);
    return;
  }
  // A job that was deferred goes on, unless its ticket was settled meanwhile.
  if (ticket_ && !setting_.library->call_returned(*ticket_)) return;
  if (!ticket_) record_->returned();
  job->end();
}

void SimulatedConsumer::work_on(Batch& batch, const std::shared_ptr<ObservedJob>& job) {
  Random& random = setting_.world->random;
  bool marked = false;
  keep(batch);
  const ViewsInHand views({batch.begin(), batch.size()});
  const bool one_by_one = promises_.recovery.says == Says::one_at_a_time;
  if (one_by_one) work_on_one_by_one(batch);
  for (const Message& message : batch) {
    if (one_by_one) break;
    if (give_up(batch, message)) continue;
    work_on_message(message, marked);
    if (promises_.exactly_once) take_effect(batch, message);
    if (promises_.produces) produce(batch, message);
    if (promises_.steered) steer(message);
    if (promises_.tickets && random.chance(setting_.manners.defers)) {
      if (promises_.exactly_once) take_rest_into_effect(batch, message);
      ticket_ = setting_.library->take(batch, job);
      pause(true);
      if (!calm() && random.chance(setting_.manners.throws_then)) throw std::runtime_error("behind defer()");
      return;
    }
    if (!random.chance(setting_.manners.marks)) continue;
    marked = true;
    mark(batch, message);
    pause(false);
  }
  if (setting_.dead) throw std::runtime_error("the process has died");
  views.check(*setting_.world);
  for (const Message& message : batch) check_memory(*setting_.world, message);
  read_kept();
  if (promises_.manual_offsets && (calm() || random.chance(setting_.manners.marks_all))) mark(batch, batch.back());
}

void SimulatedConsumer::take_effect(Batch& batch, const Message& message) {
  const std::string payload = std::to_string(message.offset().value);
  const TopicRecovery& recovery = promises_.recovery;
  const bool insists = recovery.max == unlimited && !recovery.strategy && !recovery.retry_if;
  const char* const topic = recovery.has_letters() ? kEffectsBesideLetters : insists ? kRefusableEffects : kEffects;
  const Record record{.topic = topic, .payload = payload};
  const bool names_it = setting_.world->random.chance(500);
  if (!(names_it ? batch.produce(record, message) : batch.produce(record))) {
    setting_.world->fail("each message takes effect once", "a record was refused");
  }
}

// The ticket settles these too.
void SimulatedConsumer::take_rest_into_effect(Batch& batch, const Message& behind) {
  for (const Message& message : batch) {
    if (message.offset() > behind.offset()) take_effect(batch, message);
  }
}

void SimulatedConsumer::produce(Batch& batch, const Message& message) {
  const std::string payload = std::to_string(message.offset().value);
  setting_.producing = produced_;
  setting_.producing_for = record_->incarnation().partition;
  const auto sent = batch.produce({.topic = "results", .payload = payload}, message);
  if (!sent) throw std::runtime_error(sent.error().text());
}

void SimulatedConsumer::work_on_message(const Message& message, bool marked) {
  Random& random = setting_.world->random;
  pause(true);
  if (setting_.dead) throw std::runtime_error("the process has died");
  check_memory(*setting_.world, message);
  if (!calm() && random.chance(setting_.manners.throws)) {
    if (marked) setting_.world->happened(Happening::failed_after_marks);
    fail(message);
  }
  meet_bad_message(message);
  if (!calm() && random.chance(setting_.manners.throws_int)) {
    setting_.world->happened(Happening::attempt_failed_with_int);
    throw 42;
  }
}

// Each way of saying that this message is done, and all before it.
void SimulatedConsumer::mark(Batch& batch, const Message& message) {
  if (setting_.dead) return;
  World& world = *setting_.world;
  const std::int64_t offset = message.offset().value;
  if (record_->incarnation().ended) world.happened(Happening::late_mark);
  if (promises_.manual_offsets && record_->open() > 0 && record_->open_at(0) < batch.front().offset().value) {
    world.happened(Happening::mark_in_later_batch);
  }
  mark_what_was_not_given(batch);
  if (promises_.manual_offsets && world.random.chance(300)) {
    mark_by_partition(offset);
  } else {
    if (!produced_ || !produced_->hold(offset)) {
      record_->mark(offset, true);
      if (where_->lost()) record_->incarnation().inexact = true;
    }
    world.random.chance(500) ? batch.mark(message) : batch.mark(message.offset());
  }
  ask_for_commit(batch);
  wait_for_commit(batch);
}

void SimulatedConsumer::mark_by_partition(std::int64_t through) {
  if (setting_.dead) return;
  record_->mark(through, false);
  if (where_->lost()) record_->incarnation().inexact = true;
  where_->mark(Offset{through});
}

// Or what comes later would be done before anybody saw it.
void SimulatedConsumer::mark_what_was_not_given(Batch& batch) {
  if (!setting_.world->random.chance(20)) return;
  bool refused = false;
  try {
    batch.mark(Offset{batch.back().offset().value + 1});
  } catch (const std::invalid_argument&) {
    refused = true;
  }
  if (!refused) setting_.world->fail("only what was given is marked", "an offset behind the batch was taken");
  setting_.world->happened(Happening::mark_refused);
}

bool SimulatedConsumer::flush() {
  if (!promises_.manual_offsets || !record_ || record_->open() == 0 || setting_.dead) return false;
  const std::size_t which = calm() ? record_->open() - 1 : setting_.world->random.below(record_->open());
  setting_.world->happened(Happening::mark_from_outside);
  mark_by_partition(record_->open_at(which));
  return true;
}

void SimulatedConsumer::steer(const Message& message) {
  if (calm() || setting_.dead || !setting_.world->random.chance(setting_.manners.steers)) return;
  SteeredPartition& steered = *record_->incarnation().steered;
  steered.do_anything(setting_.kafka->partition(record_->incarnation().partition).log, message.offset().value);
}

void SimulatedConsumer::keep(Batch& batch) {
  if (kept_.size() >= kKeptMost || !setting_.world->random.chance(setting_.manners.keeps)) return;
  setting_.world->happened(Happening::batch_kept);
  kept_.push_back({BatchHold(batch.front()), batch.keep()});
}

void SimulatedConsumer::read_kept() {
  if (kept_.empty()) return;
  for (const Kept& kept : kept_) {
    for (const Message& message : kept.batch.messages()) check_memory(*setting_.world, message);
  }
  if (!setting_.world->random.chance(300)) return;
  setting_.world->happened(Happening::kept_read_and_freed);
  const Kept freed = std::move(kept_.front());
  kept_.erase(kept_.begin());
}

void SimulatedConsumer::ask_for_commit(Batch& batch) {
  if (!promises_.on_demand || setting_.dead || !setting_.world->random.chance(setting_.manners.asks)) return;
  record_->asked();
  batch.commit_async();
}

// What is done of its virtual partition is stored once this says so; and it says something in time.
void SimulatedConsumer::wait_for_commit(Batch& batch) {
  World& world = *setting_.world;
  if (!promises_.waits_itself || setting_.dead || !world.random.chance(setting_.manners.waits)) return;
  constexpr auto kGuarantee = "commit() tells the truth";
  record_->asked();
  const auto timeout = std::chrono::milliseconds(world.random.between(0, world.random.chance(300) ? 10 : 3'000));
  const engine::Time from = world.clock.now();
  const std::size_t wait = record_->begin_wait();
  const Result<void> said = batch.commit(timeout);
  const bool covered = record_->end_wait(wait);
  if (setting_.dead) throw std::runtime_error("the process has died");
  world.happened(Happening::checked_commit);
  if (said) {
    world.happened(Happening::commit_call_ok);
    if (!covered) world.fail(kGuarantee, "it says ok, and what was done then is not stored");
  } else if (said.error().kind() == Error::Kind::timed_out) {
    world.happened(Happening::commit_call_timed_out);
    if (world.clock.now() < from + timeout) world.fail(kGuarantee, "it timed out too early");
  } else {
    world.happened(Happening::commit_call_ended);
    // A member that was declared dead hears of it by such a refusal, maybe first.
    const bool refused = said.error().kind() == Error::Kind::stale_member;
    if (!refused && !where_->revoked())
      world.fail(kGuarantee, "it failed while its assignment goes on: " + said.error().text());
  }
}

void SimulatedConsumer::say_farewell(const VirtualPartition& where, Happening what) {
  setting_.world->current()->was_in_user_code = true;
  if (setting_.dead) return;
  const Inside inside(*this);
  World& world = *setting_.world;
  setting_.library->notice_given_up();
  const int partition = setting_.kafka->find({std::string(where.topic()), where.partition()})->index;
  world.happened(what);
  if (where.lost()) world.happened(Happening::hook_lost);
  setting_.kafka->guarantees().tell([&](Guarantee& each) { each.hook_begins(setting_.process, partition, where); });
  pause(true);
  if (promises_.manual_offsets && record_ && record_->open() > 0 &&
      world.random.chance(setting_.manners.hook_marks)) {
    world.happened(where.lost() ? Happening::late_mark : Happening::mark_in_hook);
    mark_by_partition(record_->open_at(world.random.below(record_->open())));
  }
  setting_.kafka->guarantees().tell([&](Guarantee& each) { each.hook_ends(setting_.process, partition, where); });
  if (!calm() && world.random.chance(setting_.manners.hook_throws)) {
    world.happened(Happening::hook_failed);
    throw std::runtime_error("the last hook failed");
  }
}

void SimulatedConsumer::on_tick(const VirtualPartition& where) {
  hook(where, true);
}
void SimulatedConsumer::on_end_of_partition(const VirtualPartition& where) {
  hook(where, false);
}

void SimulatedConsumer::hook(const VirtualPartition& where, bool tick) {
  setting_.world->current()->was_in_user_code = true;
  if (setting_.dead || !record_) return;
  const Inside inside(*this);
  World& world = *setting_.world;
  setting_.library->notice_given_up();
  HookFacts facts{setting_.process, &record_->incarnation(), &where, tick};
  if (record_->open() > 0) facts.first_open = record_->open_at(0);
  world.happened(tick ? Happening::tick : Happening::end_heard);
  world.trace(tick ? "virtual partition {} ticks" : "virtual partition {} hears of an end", setting_.process * 10,
              facts.incarnation->partition, where.index().value);
  setting_.kafka->guarantees().tell([&](Guarantee& each) { each.call_begins(facts); });
  pause(true);
  if (promises_.manual_offsets && record_->open() > 0 && world.random.chance(setting_.manners.hook_marks)) {
    world.happened(Happening::mark_in_tick);
    mark_by_partition(record_->open_at(world.random.below(record_->open())));
    pause(false);
  }
  if (promises_.steered && !calm() && !setting_.dead && world.random.chance(setting_.manners.steers)) {
    record_->incarnation().steered->do_anything(setting_.kafka->partition(facts.incarnation->partition).log,
                                                facts.incarnation->highest_taken);
  }
  setting_.kafka->guarantees().tell([&](Guarantee& each) { each.call_ends(facts); });
  if (!calm() && world.random.chance(setting_.manners.hook_throws)) {
    world.happened(tick ? Happening::tick_failed : Happening::end_heard_failed);
    throw std::runtime_error("a hook failed");
  }
}

void SimulatedConsumer::on_revoked(const VirtualPartition& where) {
  say_farewell(where, Happening::hook_revoked);
}
void SimulatedConsumer::on_stopping(const VirtualPartition& where) {
  say_farewell(where, Happening::hook_stopping);
}

}  // namespace braid::simulation
