#include "engine/worker/share.hpp"

#include "engine/worker/assignment.hpp"
#include "engine/worker/deferral.hpp"
#include "engine/worker/running_batch.hpp"
#include "engine/worker/share_deliveries.hpp"

#include <braid/batch.hpp>
#include <braid/partition_control.hpp>
#include <braid/ticket.hpp>

#include <algorithm>
#include <stdexcept>

namespace braid {

void Batch::mark(const Message& message) {
  share_->mark_one_of(messages_, message, share_->deliveries().get());
  share_->keep_records();
}

void Batch::mark(Offset offset) {
  share_->mark_through(offset);
  share_->keep_records();
}

KeptBatch Batch::keep() {
  // Whoever holds the batch holds its messages.
  return {messages_, std::make_shared<engine::BatchPtr>(share_->batch().keep())};
}

Ticket Batch::defer() {
  return Ticket(share_->defer(true));
}

void Batch::commit_metadata(std::string_view text) {
  share_->batch().assignment().commit_text().set(text);
}

PartitionControl Batch::control() const {
  return where_->control();
}

Result<void> Batch::commit(std::chrono::milliseconds timeout) {
  engine::RunningBatch& batch = share_->batch();
  return batch.request_commit(*share_, true)->wait_for(timeout, batch.pool());
}
void Batch::commit_async() {
  share_->batch().request_commit(*share_, false);
}

void Batch::skip(const Message& message) {
  share_->skip(message);
}
void Batch::dead_letter(const Message& message, std::string reason) {
  share_->dead_letter(message, std::move(reason));
}
void Batch::retry_after(std::chrono::milliseconds pause) {
  share_->retry_after(pause);
}

bool Batch::collapsed() const {
  return share_->collapsed();
}
std::uint32_t Batch::attempt() const {
  return share_->attempt();
}

std::string_view VirtualPartition::topic() const {
  return assignment_->partition().topic;
}
PartitionNumber VirtualPartition::partition() const {
  return assignment_->partition().partition;
}
Generation VirtualPartition::generation() const {
  return assignment_->generation();
}
std::string_view VirtualPartition::committed_metadata() const {
  return assignment_->commit_text().stored();
}
PartitionControl VirtualPartition::control() const {
  return PartitionControl(assignment_->steering());
}
void VirtualPartition::mark(Offset offset) const {
  engine::MarkedOffsets* const marks = assignment_->marks(index_);
  if (marks == nullptr) throw std::logic_error("mark: outside of consume() it is for topics with offsets: manual");
  marks->mark(offset);
}
bool VirtualPartition::revoked() const {
  return assignment_->phase() != engine::Assignment::Phase::active;
}
bool VirtualPartition::lost() const {
  return assignment_->phase() == engine::Assignment::Phase::over;
}

}  // namespace braid

namespace braid::engine {

void Share::assign(RunningBatch& batch, VirtualPartitionIndex virtual_partition,
                   std::span<const Message> messages) {
  batch_ = &batch;
  virtual_partition_ = virtual_partition;
  marks_ = batch.assignment().marks(virtual_partition);
  messages_ = messages;
  marked_.store(0, std::memory_order_relaxed);
  bound_.store(kUnbounded, std::memory_order_relaxed);
  passed_ = 0;
  window_from_ = 0;
  window_to_ = size();
  delivered_ = false;
  collapsed_ = false;
  refused_told_ = 0;
  refused_window_ = 0;
  recorded_ = 0;
  recovery_.reset();
  attempt_ = 1;
  attempted_from_ = 0;
  given_up_before_ = 0;
  folded = 0;
  parked.clear();
  failure_ = nullptr;
  forget_deferral();
  records_.reset();
  records_kept_ = 0;
  forget_deliveries();
  in_hand_ = nullptr;
  ticket_seen.reset();
  ticket_reported = false;
}

void Share::mark_through(Offset offset) {
  if (offset > messages_[window_to_ - 1].offset()) {
    throw std::invalid_argument("mark: the offset is behind this batch");
  }
  mark_behind(deliveries_.get(), offset);
}

void Share::mark_behind(ShareDeliveries* deliveries, Offset offset) {
  if (deliveries == nullptr || !deliveries->hold(offset)) mark_up_to(offset);
}

void Share::mark_up_to(Offset offset) {
  if (marks_ != nullptr) marks_->mark(offset);
  std::uint32_t count = marked_.load(std::memory_order_relaxed);
  while (count < size() && messages_[count].offset() <= offset) ++count;
  raise_marked(count);
}

// Forward only. Acquire too: what others marked before is published along with ours.
void Share::raise_marked(std::uint32_t count) {
  std::uint32_t before = marked_.load(std::memory_order_relaxed);
  while (before < count && !marked_.compare_exchange_weak(before, count, std::memory_order_acq_rel)) {
  }
}

void Share::mark_one_of(std::span<const Message> messages, const Message& message, ShareDeliveries* deliveries) {
  const auto at = std::ranges::lower_bound(messages, message.offset(), {}, &Message::offset);
  // What is before them was delivered earlier, and its batch may be gone: there is nothing to compare it with.
  const bool earlier = message.offset() < messages.front().offset();
  if (!earlier && (at == messages.end() || at->offset() != message.offset())) {
    throw std::invalid_argument("mark: the message is not of this batch, nor of an earlier one");
  }
  // Not by way of the window, nor of our own deliveries: a ticket that is given up may be another attempt's
  // already.
  mark_behind(deliveries, message.offset());
}

Offset Share::done_through() const {
  if (marks_ != nullptr) {
    // The marks first: who marks behind a message that is held back has held it back before. See marked().
    const Offset marked = marks_->marked();
    const auto held_back = held_back_from();
    const Offset through = held_back ? std::min(marked, Offset{held_back->value - 1}) : marked;
    if (parked.empty() || through > messages_.back().offset()) return through;
    // Of what is parked no commit tells either.
    const auto behind = std::ranges::upper_bound(messages_, through, {}, &Message::offset);
    const auto count = static_cast<std::uint32_t>(behind - messages_.begin());
    if (count == 0 || !is_parked(count - 1)) return through;
    return last_told_of(count).value_or(Offset{messages_.front().offset().value - 1});
  }
  return last_told_of(marked()).value_or(Offset{messages_.front().offset().value - 1});
}

std::shared_ptr<Deferral> Share::defer(bool is_ticket) {
  if (deferral_) throw std::logic_error("defer: this attempt has its ticket already, or is a coroutine");
  is_ticket_ = is_ticket;
  deferral_ = std::make_shared<Deferral>(*this);
  return deferral_;
}

void Share::take_over_marks() {
  if (marks_ == nullptr) return;
  const Offset marked = marks_->marked();
  std::uint32_t count = marked_.load(std::memory_order_relaxed);
  while (count < size() && messages_[count].offset() <= marked) ++count;
  raise_marked(count);
}

bool Share::count_anew() {
  if (!moved()) return false;
  attempted_from_ = first_unfinished();
  given_up_before_ = count_given_up();
  attempt_ = 1;
  if (recovery_) {
    recovery_->first_failure.reset();
    recovery_->failures = 0;
  }
  return true;
}

void Share::begin_next_attempt() {
  take_over_marks();
  if (!count_anew()) ++attempt_;
  ticket_seen.reset();
  ticket_reported = false;
}

JobCap* Share::take_credits() {
  JobCaps& caps = batch_->assignment().caps();
  if (!caps.any()) return nullptr;
  JobCap* const none_left = caps.try_take();
  credited_ = none_left == nullptr;
  return none_left;
}

void Share::return_credits() {
  if (std::exchange(credited_, false)) batch_->assignment().caps().give_back();
}

std::uint32_t Share::index() const {
  return static_cast<std::uint32_t>(this - batch_->shares().data());
}

void Share::run() noexcept {
  batch_->run(*this);
}

void Share::abandon() noexcept {
  batch_->finish(*this, {});
}

}  // namespace braid::engine
