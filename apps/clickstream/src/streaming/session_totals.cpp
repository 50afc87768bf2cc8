#include "apps/clickstream/src/streaming/session_totals.hpp"

#include "apps/clickstream/src/streaming/capacity_gate.hpp"
#include "apps/clickstream/src/streaming/totals_board.hpp"

#include <braid/batch.hpp>

#include <mutex>

namespace clickstream {

void SessionTotals::on_assigned(const braid::VirtualPartition& where) {
  entry_ = &parts_.board.entry(where.partition(), where.index());
}

// [readme]
void SessionTotals::consume(braid::Batch& batch) {
  const auto began = TotalsBoard::Clock::now();
  std::uint64_t counted = 0;
  {
    const std::lock_guard lock(entry_->mutex);
    for (const braid::Message& message : batch) {
      if (message.offset() < entry_->next) {
        ++entry_->repeated;
        continue;
      }
      if (!of_this_run(message)) {
        ++entry_->foreign;
      } else {
        ++counted;
        if (const auto event = parser_.parse(message.payload())) {
          entry_->totals.add(*event);
          ++entry_->events;
        } else {
          ++entry_->malformed;
        }
      }
      entry_->next = braid::expected_at(braid::next_after(message.offset()));
    }
  }
  if (counted > 0) parts_.board.count(counted, began);
  if (parts_.gate != nullptr) parts_.gate->processed(batch);
}
// [readme]

bool SessionTotals::of_this_run(const braid::Message& message) const {
  if (parts_.run.empty()) return true;
  const auto header = message.header(run_header);
  return header && header->value == parts_.run;
}

}  // namespace clickstream
