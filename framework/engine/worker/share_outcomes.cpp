// What an attempt of a share delivers, and what becomes of messages that are given up out of order.

#include "core/recovery/recovery_rules.hpp"
#include "engine/worker/assignment.hpp"
#include "engine/worker/running_batch.hpp"
#include "engine/worker/share.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace braid::engine {

bool Share::open_window() {
  delivered_ = false;
  recorded_now_ = false;
  claims_.clear();
  produced_now_ = false;
  window_from_ = first_unfinished();
  window_to_ = size();
  if (!recovery_) return window_from_ < window_to_;
  const auto& given_up = recovery_->given_up;
  const auto next = std::ranges::lower_bound(given_up, window_from_);
  if (next != given_up.end()) window_to_ = *next;
  if (recovery_->singly) window_to_ = std::min(window_to_, window_from_ + 1);
  // Somebody has to say first where its letters go.
  return window_from_ < window_to_ && recovery_->causes.empty();
}

void Share::begin_collapsed(const Share& first) {
  collapsed_ = true;
  refused_told_ = size();
  attempt_ = first.moved() ? 0 : first.attempt_;
  if (attempt_ == 0 || first.recovery_ == nullptr) return;
  make_recovery().first_failure = first.recovery_->first_failure;
  recovery_->failures = first.recovery_->failures;
  recovery_->first_failure_at = first.recovery_->first_failure_at;
}

bool Share::moved() const {
  return first_unfinished() > attempted_from_ || count_given_up() > given_up_before_;
}

void Share::succeed() {
  if (recovery_ && recovery_->retry_after) return;
  keep_records();
  if (marks_ == nullptr) {
    // First: who sees the marks sees what is to be there for them. Where marks alone say what is done, returning
    // says nothing of a transaction.
    if (!claims_.empty()) batch_->assignment().claims().add(claimed());
    raise_marked(window_to_);
  } else {
    passed_ = window_to_;
  }
}

// What was skipped behind a save is done, whatever has become of that.
std::vector<OffsetRange> Share::claimed() const {
  std::vector<OffsetRange> claimed;
  const auto is_skipped = [&](std::int64_t offset) {
    return recovery_ && std::ranges::any_of(recovery_->skipped, [&](std::uint32_t index) {
             return messages_[index].offset().value == offset;
           });
  };
  for (OffsetRange range : claims_) {
    std::int64_t next = range.first.value;
    for (std::int64_t at = next; recovery_ && !recovery_->skipped.empty() && at <= range.last.value; ++at) {
      if (!is_skipped(at)) continue;
      if (next < at) claimed.push_back({{next}, {at - 1}});
      next = at + 1;
    }
    if (next <= range.last.value) claimed.push_back({{next}, range.last});
  }
  return claimed;
}

std::uint32_t Share::find_unfinished(const Message& message, const char* what) const {
  const auto window = this->window();
  const auto at = std::ranges::lower_bound(window, message.offset(), {}, &Message::offset);
  const bool there = at != window.end() && at->offset() == message.offset();
  const auto index = there ? window_from_ + static_cast<std::uint32_t>(at - window.begin()) : 0;
  const auto is_it = [&](const ShareRecovery::Cause& cause) { return cause.index == index; };
  const bool said = recovery_ && (std::ranges::find(recovery_->skipped, index) != recovery_->skipped.end() ||
                                  std::ranges::any_of(recovery_->causes, is_it));
  if (!there || said || index < marked_.load(std::memory_order_acquire)) {
    throw std::invalid_argument(std::string(what) + ": the message is not one of this batch that is unfinished");
  }
  return index;
}

ShareRecovery& Share::make_recovery() {
  if (!recovery_) recovery_ = std::make_unique<ShareRecovery>();
  return *recovery_;
}

void Share::skip(const Message& message) {
  const std::uint32_t index = find_unfinished(message, "skip");
  make_recovery().skipped.push_back(index);
}

void Share::dead_letter(const Message& message, std::string reason) {
  if (!core::has_dead_letters(batch_->assignment().topic())) {
    throw std::logic_error(
        "dead_letter: the topic's dead letters have nowhere to go; say where, by its dead_letter");
  }
  // A crash would lose the letter: its message is done for whoever comes next.
  if (recorded_now_) {
    throw std::logic_error(
        "dead_letter: an offset store has recorded the batch as done already; give messages to "
        "dead letters before it is saved there");
  }
  const std::uint32_t index = find_unfinished(message, "dead_letter");
  hold_back(index);
  const auto now = std::chrono::system_clock::now();
  ShareRecovery& recovery = make_recovery();
  recovery.causes.push_back({.index = index,
                             .error_type = "braid::Batch::dead_letter",
                             .error_text = std::move(reason),
                             .attempts = attempt_,
                             .first_failure = recovery.first_failure ? recovery.first_failure_at : now,
                             .last_failure = now});
}

void Share::retry_after(Duration pause) {
  if (pause < Duration::zero()) throw std::invalid_argument("retry_after: a pause is not negative");
  // What is longer is as good as for ever, and would not fit into the clock's units.
  make_recovery().retry_after = std::min<Duration>(pause, std::chrono::hours(24 * 365));
}

void Share::withdraw_said() {
  if (!delivered_) return;
  const std::uint32_t done = said_done();
  std::erase_if(recovery_->skipped, [&](std::uint32_t index) { return index >= done; });
  std::erase_if(recovery_->causes, [&](const auto& cause) { return cause.index >= done; });
}

std::uint32_t Share::first_unfinished() const {
  std::uint32_t index = std::max(marked(), passed_);
  while (index < size() && is_given_up(index)) ++index;
  return index;
}

std::uint32_t Share::count_unfinished() const {
  const std::uint32_t first = first_unfinished();
  std::uint32_t count = size() - first;
  if (!recovery_) return count;
  for (const std::uint32_t index : recovery_->given_up) count -= index >= first ? 1 : 0;
  return count;
}

std::uint32_t Share::count_given_up() const {
  return recovery_ ? static_cast<std::uint32_t>(recovery_->given_up.size()) : 0;
}

bool Share::is_given_up(std::uint32_t index) const {
  return recovery_ && std::ranges::binary_search(recovery_->given_up, index);
}

void Share::hold_back(std::uint32_t index) {
  // Release, before anything behind it is marked: see marked().
  if (index < bound_.load(std::memory_order_relaxed)) bound_.store(index, std::memory_order_release);
}

void Share::give_up(std::uint32_t index) {
  auto& given_up = make_recovery().given_up;
  const auto at = std::ranges::lower_bound(given_up, index);
  if (at == given_up.end() || *at != index) given_up.insert(at, index);
}

void Share::acknowledge(std::uint32_t index) {
  std::erase_if(recovery_->letters, [&](const auto& letter) { return letter.index == index; });
  give_up(index);
  settle_bound();
}

void Share::note_parked(std::uint32_t index) {
  // First, since what is marked may pass it from then on.
  parked.push_back(index);
  give_up(index);
  settle_bound();
}

void Share::settle_bound() {
  std::uint32_t bound = kUnbounded;
  for (const auto& letter : recovery_->letters) bound = std::min(bound, letter.index);
  for (const auto& cause : recovery_->causes) bound = std::min(bound, cause.index);
  for (const auto& letter : recovery_->parked) bound = std::min(bound, letter.index);
  bound_.store(bound, std::memory_order_release);
  // What is marked goes on behind what was given up.
  for (std::uint32_t next = marked(); next < size() && is_given_up(next); ++next) raise_marked(next + 1);
}

std::optional<Offset> Share::last_told_of(std::uint32_t count) const {
  while (count > 0 && is_parked(count - 1)) --count;
  return count > 0 ? std::optional<Offset>(messages_[count - 1].offset()) : std::nullopt;
}

std::optional<Offset> Share::held_back_from() const {
  const std::uint32_t bound = bound_.load(std::memory_order_acquire);
  return bound == kUnbounded ? std::nullopt : std::optional<Offset>(messages_[bound].offset());
}

}  // namespace braid::engine
