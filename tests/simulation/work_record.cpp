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

void WorkRecord::give(std::span<const Message> messages, std::uint32_t attempt) {
  const bool begins = !goes_on_;
  if (begins) begin_share(messages);
  window_from_ = count_up_to(messages.front().offset().value - 1);
  window_to_ = count_up_to(messages.back().offset().value);
  said_ = std::max(said_, window_from_);
  if (attempt < attempt_ || (attempt == 1 && attempt_ == 1 && goes_on_)) {
    world_.happened(Happening::attempts_anew);
  }
  attempt_ = attempt;
  // What fails before anybody is given it, or in an earlier transaction, is attempts too.
  if (attempt == 1 || begins) {
    failures_ = 0;
    attempted_from_ = window_from_;
    given_up_before_ = given_up();
  }
  goes_on_ = true;
  inside_ = true;
  waits_ = false;
  retry_after_.reset();
  in_hand_.reset();
}

void WorkRecord::begin_share(std::span<const Message> messages) {
  share_.clear();
  for (const Message& message : messages) {
    const Given given{message.offset().value, delivery_of(message).key};
    share_.push_back({given.offset, given.key});
    if (given.offset <= given_through_) continue;
    given_through_ = given.offset;
    open_.push_back(given);
  }
  singly_ = false;
  waits_ = false;
  fuzzy_ = false;
  said_ = 0;
  passed_ = 0;
  attempt_ = 1;
  failures_ = 0;
  not_before_ = {};
}

void WorkRecord::collapse(std::span<const std::shared_ptr<WorkRecord>> all, std::span<const Message> messages,
                          bool any_attempt) {
  world_.happened(Happening::collapsed);
  collapsed_ = true;
  fuzzy_ = any_attempt;
  goes_on_ = true;
  attempt_ = 0;
  for (const auto& record : all) {
    if (record.get() != this && record->incarnation_ == incarnation_ && record->goes_on_) take_left(*record);
  }
  const std::int64_t lowest = share_.empty() ? messages.back().offset().value + 1 : share_.front().offset;
  for (const Message& message : messages) {
    const Given given{message.offset().value, delivery_of(message).key};
    const bool was_given = std::ranges::any_of(all, [&](const auto& record) {
      return record->incarnation_ == incarnation_ && record->find(given.offset) != nullptr;
    });
    if (was_given) continue;
    world_.happened(Happening::collapsed_undelivered);
    share_.push_back({given.offset, given.key});
    open_.push_back(given);
    if (given.offset >= lowest) continue;
    fuzzy_ = true;  // nobody saw how often it was tried
    failures_ = 0;  // and no attempt that had it failed
  }
  std::ranges::sort(share_, {}, &Piece::offset);
  std::ranges::sort(open_, {}, &Given::offset);
  if (!share_.empty()) given_through_ = share_.back().offset;
}

void WorkRecord::take_left(WorkRecord& other) {
  const std::size_t from = other.first_unfinished();
  if (other.inside_ || other.bound() < other.share_.size()) {
    world_.fail("a batch collapses when all of it has ended", "an attempt, or a letter, is under way");
  }
  if (share_.empty() || (from < other.share_.size() && other.share_[from].offset < share_.front().offset)) {
    const auto next = other.expected();
    attempt_ = next ? next->attempt - 1 : 0;
    failures_ = attempt_ == 0 ? 0 : other.failures_;
  }
  for (std::size_t i = from; i < other.share_.size(); ++i) {
    if (!other.share_[i].given_up) share_.push_back({other.share_[i].offset, other.share_[i].key});
  }
  // The lowest is asked about again with the next one.
  std::ranges::sort(share_, {}, &Piece::offset);
  open_.insert(open_.end(), other.open_.begin(), other.open_.end());
  other.open_.clear();
  other.goes_on_ = false;
  other.facts().retry_from.reset();
  not_before_ = std::max(not_before_, other.not_before_);
  fuzzy_ = fuzzy_ || other.fuzzy_;
}

void WorkRecord::worked_on(const Given& given) {
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

void WorkRecord::finish(const Given& given) {
  FakePartition& partition = kafka_.partition(incarnation_->partition);
  FakeRecord& record = *partition.log.find(given.offset);
  world_.happened(record.finished ? Happening::message_finished_again : Happening::message_finished);
  world_.trace("virtual partition {} is done with {}", incarnation_->process * 10 + incarnation_->connection,
               incarnation_->partition, virtual_partition_, given.offset);
  record.finished_by = std::max(record.finished_by, incarnation_->id);
  // What an incarnation did that a seek has left behind does not count.
  if (incarnation_->id >= partition.moved_by) record.finished = true;
  if (!incarnation_->ended) incarnation_->open.erase(given.offset);
}

void WorkRecord::mark(std::int64_t through, bool in_call) {
  if (dead_) return;
  marked_through_ = std::max(marked_through_, through);
  if (in_call) {
    said_ = std::max(said_, count_up_to(through));
  } else {
    fuzzy_ = true;
    if (!inside_) shorten_pause();
  }
  apply();
  if (!inside_) settle();
}

void WorkRecord::apply() {
  const std::size_t held_back = goes_on_ ? bound() : share_.size();
  const std::int64_t most = held_back < share_.size() ? share_[held_back].offset - 1 : given_through_;
  std::int64_t through = marked_through_;
  if (!promises().manual_offsets && goes_on_) {
    const std::size_t said = std::min(said_, held_back);
    through = said > 0 ? share_[said - 1].offset : -1;
  }
  through = std::min(through, most);
  for (; !open_.empty() && open_.front().offset <= through; open_.pop_front()) {
    finish(open_.front());
    facts().marked_through = open_.front().offset;
    worked_on(open_.front());
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

}  // namespace braid::simulation
