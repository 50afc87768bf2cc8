// What attempts of a share produce.

#include "core/producer/record_rules.hpp"
#include "engine/worker/assignment.hpp"
#include "engine/worker/running_batch.hpp"
#include "engine/worker/share.hpp"
#include "engine/worker/share_deliveries.hpp"

#include <braid/batch.hpp>
#include <braid/delivery.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <utility>

namespace braid {

Result<void> Batch::produce(const Record& record) {
  return share_->produce(record, nullptr);
}

Result<void> Batch::produce(Record record, const Message& because_of) {
  carry_trace(because_of, record);
  return share_->produce(record, &because_of);
}

}  // namespace braid

namespace braid::engine {

Result<void> Share::produce(const Record& record, const Message* message) {
  const Assignment& assignment = batch_->assignment();
  const RecoveryTools& tools = assignment.recovery();
  if (assignment.transaction() != nullptr) return keep_for_transaction(record, message);
  if (!tools.records) return Error(Error::Kind::closed, "there is no producer here");
  const std::shared_ptr<ShareDeliveries>& deliveries = make_deliveries();
  if (!deliveries) return tools.records->send(record, {});
  // A crash, or a delivery that fails, would lose the record: its message is done for whoever comes next.
  if (recorded_now_) {
    throw std::logic_error(
        "produce: an offset store has recorded the batch as done already, and a record that is lost now would not "
        "be sent again; send it by a braid::Producer of your own, and wait for it, before the batch is saved "
        "there");
  }
  const Message* const of = message != nullptr ? message : in_hand_;
  auto sent = deliveries->send(*tools.records, record, of != nullptr ? std::optional(of->offset()) : std::nullopt);
  if (sent) produced_now_ = true;
  return sent;
}

Result<void> Share::keep_for_transaction(const Record& record, const Message* message) {
  const RecoveryTools& tools = batch_->assignment().recovery();
  std::optional<RecordDraft> draft;
  if (tools.chain && !tools.chain->empty()) {
    if (auto passed = tools.chain->pass(draft.emplace(record)); !passed) return passed;
  }
  const Record& kept = draft ? draft->record() : record;
  if (const auto wrong = core::check_record(kept, tools.max_payload_size)) return *wrong;
  if (const auto wrong = core::check_record_size(kept, tools.max_record_size)) return *wrong;
  if (!records_) records_ = std::make_unique<std::vector<ProducedRecord>>();
  records_->push_back({OwnedRecord(kept), origin_of(message)});
  return {};
}

void Share::keep_records() {
  records_kept_ = records_ ? records_->size() : 0;
}

OffsetRange Share::origin_of(const Message* message) const {
  const OffsetRange all{window().front().offset(), window().back().offset()};
  const Message* const of = message != nullptr ? message : in_hand_;
  const bool known = of != nullptr && of->offset() >= all.first && of->offset() <= all.last;
  return known ? OffsetRange{of->offset(), of->offset()} : all;
}

const std::shared_ptr<ShareDeliveries>& Share::make_deliveries() {
  const Assignment& assignment = batch_->assignment();
  const RecoveryTools& tools = assignment.recovery();
  const bool waits = tools.records && tools.await_produced && assignment.transaction() == nullptr;
  if (!deliveries_ && waits) {
    deliveries_ = std::make_shared<ShareDeliveries>([this](Offset offset) { mark_up_to(offset); });
  }
  return deliveries_;
}

bool Share::lost_records() const {
  return deliveries_ && deliveries_->failed();
}

std::exception_ptr Share::undelivered() {
  const auto failed = deliveries_ ? deliveries_->failed() : std::nullopt;
  if (!failed) return nullptr;
  in_hand_ = nullptr;
  if (failed->message) {
    const auto at = std::ranges::lower_bound(messages_, *failed->message, {}, &Message::offset);
    if (at != messages_.end() && at->offset() == *failed->message) in_hand_ = &*at;
  }
  return std::make_exception_ptr(DeliveryFailed(failed->error));
}

// The one that has failed most often first: of that the rules have most to say. What is tried again behind a pause
// is tried with all that the attempt had.
std::exception_ptr Share::refused_before() {
  const core::RefusedMessages* const refused = batch_->assignment().refused();
  if (refused == nullptr) return nullptr;
  const std::uint32_t had = std::exchange(refused_window_, 0);
  if (had > 0 && recovery_->next == core::Next::retry) refused_told_ = had;
  const core::RefusedMessages::Failures* failures = nullptr;
  for (std::uint32_t i = std::max(window_from_, refused_told_); i < window_to_; ++i) {
    const auto* const each = refused->of(messages_[i].offset());
    if (each == nullptr || (failures != nullptr && each->times <= failures->times)) continue;
    failures = each;
    in_hand_ = &messages_[i];
  }
  if (failures == nullptr) return nullptr;
  refused_window_ = window_to_;
  const Time now = batch_->assignment().recovery().now();
  ShareRecovery& recovery = make_recovery();
  attempt_ = failures->times;
  recovery.failures = failures->times - 1;
  recovery.first_failure = failures->first;
  recovery.first_failure_at = std::chrono::system_clock::now() -
                              std::chrono::duration_cast<ShareRecovery::WallTime::duration>(now - failures->first);
  note_delivered();
  return std::make_exception_ptr(DeliveryFailed(failures->error));
}

void Share::send_records() {
  if (!records_) return;
  batch_->assignment().transaction()->send(std::span(*records_).first(records_kept_));
  records_.reset();
  records_kept_ = 0;
}

}  // namespace braid::engine
