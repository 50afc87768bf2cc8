#include "engine/listener/intake.hpp"

#include <span>

namespace braid::engine {

namespace {

// Of a message, while nothing is known of them.
constexpr std::size_t kSizeGuess = 1024;

}  // namespace

TakeReport Intake::take(PartitionQueue& queue, std::size_t room, std::vector<Message>& into) {
  Counters& counters = assignment_.counters();
  const std::size_t from = into.size();
  TakeReport report = queue.take(room, into);
  const auto passed = offsets_.pass(into, from, dropped_);
  if (!dropped_.empty()) {
    Counters::add(counters.messages_stale, passed.stale);
    Counters::add(counters.messages_done_before, passed.done_before);
    assignment_.messages().release(dropped_);
    dropped_.clear();
  }
  if (passed.jumps > 0) Counters::add(counters.offset_jumps, passed.jumps);
  report.messages = into.size() - from;
  Counters::add(counters.messages_taken, report.messages);
  bytes_.take(std::span<const Message>(into).subspan(from));
  if (report.end_of_partition) end_ = report;
  return report;
}

bool Intake::pass_end(bool nothing_held_back) {
  if (!end_ || !nothing_held_back) return false;
  if (offsets_.reached_end(end_->end)) Counters::add(assignment_.counters().offset_jumps);
  end_.reset();
  return true;
}

std::size_t Intake::average_size(std::size_t held) const {
  return held > 0 ? bytes_.held() / held + 1 : kSizeGuess;
}

}  // namespace braid::engine
