#include "simulation/work_record.hpp"

#include "simulation/fake_messages.hpp"
#include "simulation/fake_metadata.hpp"

#include <algorithm>
#include <utility>

namespace braid::simulation {

WorkRecord::WorkRecord(World& world, FakeKafka& kafka, const bool& dead, std::shared_ptr<Incarnation> incarnation,
                       std::uint32_t virtual_partition)
    : world_(world),
      kafka_(kafka),
      dead_(dead),
      incarnation_(std::move(incarnation)),
      virtual_partition_(virtual_partition) {}

const Promises& WorkRecord::promises() const {
  return kafka_.partition(incarnation_->partition).promises;
}

void WorkRecord::give(std::span<const Message> messages) {
  for (const Message& message : messages) {
    if (message.offset().value <= given_through_) continue;
    given_through_ = message.offset().value;
    open_.push_back({given_through_, delivery_of(message).key});
  }
}

void WorkRecord::worked_on(Given given) {
  VirtualPartitionFacts& facts = this->facts();
  if (given.offset <= facts.done_through) return;  // it was marked later than its attempt ended
  facts.done_through = given.offset;
  if (const auto home = incarnation_->homes.find(given.key); home != incarnation_->homes.end()) {
    home->second.finished_at = world_.step;
  }
  if (given.key < 0) return;
  const auto& offsets = kafka_.partition(incarnation_->partition).log.of_key(given.key);
  const auto next = std::upper_bound(offsets.begin(), offsets.end(), given.offset);
  std::size_t& known = incarnation_->next_of_key[given.key];
  known = std::max(known, static_cast<std::size_t>(next - offsets.begin()));
}

void WorkRecord::mark(std::int64_t through) {
  if (dead_) return;
  FakeLog& log = kafka_.partition(incarnation_->partition).log;
  for (; !open_.empty() && open_.front().offset <= through; open_.pop_front()) {
    const Given given = open_.front();
    FakeRecord& record = *log.find(given.offset);
    world_.happened(record.finished ? Happening::message_finished_again : Happening::message_finished);
    record.finished_by = std::max(record.finished_by, incarnation_->id);
    // What an incarnation did that a seek has left behind does not count.
    if (incarnation_->id >= kafka_.partition(incarnation_->partition).moved_by) record.finished = true;
    if (!incarnation_->ended) incarnation_->open.erase(given.offset);
    facts().marked_through = given.offset;
    worked_on(given);
  }
  if (facts().retry_from && *facts().retry_from <= through) begin_again();
}

// Where the next attempt is to begin, if there is to be one.
void WorkRecord::begin_again() {
  const auto first = std::find_if(open_.begin(), open_.end(),
                                  [&](const Given& given) { return given.offset > facts().done_through; });
  facts().retry_from.reset();
  if (first != open_.end()) {
    facts().retry_from = first->offset;
  } else {
    facts().awaited_through = facts().marked_through;
  }
}

void WorkRecord::returned() {
  if (dead_) return;
  if (!promises().manual_offsets) {
    mark(given_through_);
  } else {
    if (!open_.empty()) world_.happened(Happening::returned_unmarked);
    for (const Given& given : open_) worked_on(given);
  }
  facts().awaited_through = facts().marked_through;
  facts().retry_from.reset();
}

void WorkRecord::failed() {
  if (dead_) return;
  world_.happened(Happening::attempt_failed);
  if (promises().at_most_once) {
    dropped();
  } else {
    begin_again();
  }
}

void WorkRecord::asked() {
  incarnation_->asked = true;
  incarnation_->asked_through = std::max(incarnation_->asked_through, facts().marked_through);
}

std::size_t WorkRecord::begin_wait() {
  const FakePartition& partition = kafka_.partition(incarnation_->partition);
  const std::int64_t through = facts().marked_through;
  const bool covered = through < 0 || (partition.stored && (!incarnation_->moved || incarnation_->start_stored) &&
                                       covers(*partition.stored, partition.metadata, through));
  const std::size_t wait = ++incarnation_->last_wait;
  incarnation_->waits.emplace(wait, CommitWait{through, covered});
  return wait;
}

bool WorkRecord::end_wait(std::size_t wait) {
  const auto found = incarnation_->waits.find(wait);
  const bool covered = found->second.covered;
  incarnation_->waits.erase(found);
  return covered;
}

void WorkRecord::dropped() {
  for (; !open_.empty(); open_.pop_front()) {
    if (!incarnation_->ended) incarnation_->open.erase(open_.front().offset);
    worked_on(open_.front());
  }
}

}  // namespace braid::simulation
