#include "simulation/fake_records.hpp"

#include "simulation/callback_library.hpp"
#include "simulation/work_record.hpp"

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace braid::simulation {

// --- an attempt

std::size_t ProducedAttempt::sent(std::int64_t offset) {
  sent_.push_back({offset});
  ++on_their_way_;
  return sent_.size() - 1;
}

bool ProducedAttempt::delivered(std::size_t first_ones) const {
  for (std::size_t i = 0; i < first_ones; ++i) {
    if (sent_[i].state != State::delivered) return false;
  }
  return true;
}

bool ProducedAttempt::hold(std::int64_t mark) {
  if (delivered(sent_.size())) return false;
  setting_.world->happened(Happening::mark_waited);
  marks_.push_back({sent_.size(), mark});
  return true;
}

void ProducedAttempt::ends(std::exception_ptr thrown) {
  ended_ = true;
  thrown_ = std::move(thrown);
  if (on_their_way_ == 0) {
    end();
  } else {
    setting_.world->happened(Happening::attempt_waited);
  }
}

void ProducedAttempt::reported(std::size_t number, bool delivered) {
  if (setting_.dead) return;
  sent_[number].state = delivered ? State::delivered : State::failed;
  if (!delivered && !failed_) failed_ = sent_[number].offset;
  --on_their_way_;
  for (; !marks_.empty() && this->delivered(marks_.front().behind); marks_.pop_front()) {
    WorkRecord& record = job_->record();
    record.mark(marks_.front().offset, true);
    if (job_->where().lost()) record.incarnation().inexact = true;
  }
  if (ended_ && on_their_way_ == 0) end();
}

void ProducedAttempt::end() {
  WorkRecord& record = job_->record();
  if (failed_) record.withdraw_said();
  if (thrown_) {
    record.failed(thrown_);
  } else if (failed_) {
    setting_.world->happened(Happening::attempt_undelivered);
    record.take_in_hand(*failed_);
    record.failed(std::make_exception_ptr(std::runtime_error("a record was not delivered")));
  } else {
    record.returned();
  }
  job_->end();
}

// --- the producer

Result<void> FakeRecords::send(const Record& record, OnDelivery on_delivery) {
  World& world = *setting_.world;
  const std::shared_ptr<ProducedAttempt> attempt = setting_.producing;
  const int partition = setting_.producing_for;
  world.preempt();
  if (!world.calm && !setting_.dead && world.random.chance(setting_.manners.records_fail / 8)) {
    world.happened(Happening::record_refused);
    return Error(Error::Kind::queue_full, "the queue is full", true);
  }
  world.happened(Happening::record_sent);
  const bool late = !world.calm && world.random.chance(setting_.manners.records_late);
  if (late) world.happened(Happening::record_late);
  const auto way = std::chrono::microseconds(world.random.between(0, late ? 1'000'000 : 4'000));
  const std::int64_t offset = std::stoll(std::string(record.payload.value_or("-1")));
  on_their_way_.push_back(
      {partition, offset, attempt, attempt->sent(offset), world.clock.now() + way, std::move(on_delivery)});
  world.preempt();
  return {};
}

bool FakeRecords::step() {
  World& world = *setting_.world;
  if (setting_.dead) return false;
  std::optional<OnItsWay> record = world.take_due(on_their_way_);
  if (!record) return false;
  const bool fails = !world.calm && world.random.chance(setting_.manners.records_fail);
  if (!fails || world.random.chance(300)) arrive(*record);
  if (fails) world.happened(Happening::record_failed);
  report(*std::move(record), fails);
  return true;
}

void FakeRecords::report(OnItsWay record, bool fails) {
  if (!setting_.dead) setting_.library->notice_given_up();
  record.attempt->reported(record.number, !fails);
  Delivery delivery{.partition = {0}, .offset = {}, .error = {}, .label = {}};
  if (fails) delivery.error = Error(Error::Kind::timed_out, "the broker said nothing", true);
  record.on_delivery(delivery);
}

void FakeRecords::arrive(const OnItsWay& record) {
  setting_.kafka->partition(record.partition).produced_for.insert(record.offset);
}

void FakeRecords::die() {
  for (const OnItsWay& record : on_their_way_) {
    if (setting_.world->random.chance(500)) arrive(record);
  }
}

bool FakeRecords::close() {
  if (on_their_way_.empty()) return false;
  for (OnItsWay& record : std::exchange(on_their_way_, {})) report(std::move(record), true);
  return true;
}

}  // namespace braid::simulation
