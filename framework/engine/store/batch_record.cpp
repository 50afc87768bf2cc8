#include "engine/worker/assignment.hpp"
#include "engine/worker/batch_access.hpp"
#include "engine/worker/running_batch.hpp"
#include "engine/worker/share.hpp"

#include <braid/batch_record.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

namespace braid {

namespace {

using namespace std::chrono_literals;

// The listener hears of it in the meantime, and begins anew; if it does not, it is asked again.
constexpr auto kStalePause = 100ms;

bool goes_to_dead_letters(const engine::Share& share, std::uint32_t index) {
  if (share.recovery() == nullptr) return false;
  const auto is_it = [&](const engine::ShareRecovery::Cause& cause) { return cause.index == index; };
  return std::ranges::any_of(share.recovery()->causes, is_it);
}

std::vector<OffsetRange> done_of(const engine::Share& share) {
  std::vector<OffsetRange> done;
  for (std::uint32_t i = std::max(share.window_from(), share.said_done()); i < share.window_to(); ++i) {
    if (goes_to_dead_letters(share, i)) continue;
    const Offset offset = share.messages()[i].offset();
    if (!done.empty() && done.back().last.value + 1 == offset.value) {
      done.back().last = offset;
    } else {
      done.push_back({offset, offset});
    }
  }
  return done;
}

bool is_skipped(const engine::Share& share, std::uint32_t index) {
  if (share.recovery() == nullptr) return false;
  return std::ranges::find(share.recovery()->skipped, index) != share.recovery()->skipped.end();
}

bool contains(std::span<const OffsetRange> ranges, Offset offset) {
  return std::ranges::any_of(ranges, [&](OffsetRange each) { return each.first <= offset && offset <= each.last; });
}

}  // namespace

BatchRecord::BatchRecord(const OffsetStore& store, Batch& batch) : share_(engine::BatchAccess::share(batch)) {
  const bool ours = assignment().store_term() && assignment().topic().offset_store.get() == &store;
  if (!ours) {
    throw std::logic_error(
        fmt::format("save: the positions of {} are not kept in this offset store; set "
                    ".commit({{.when = external}}).offset_store(...) of the topic to it",
                    assignment().partition().topic));
  }
  // Whether they have arrived by now would be a matter of luck.
  if (share_.has_produced()) {
    throw std::logic_error(
        "save: this attempt has produced records by its batch, and what is recorded as done is not produced again "
        "where one of them is lost; send them by a braid::Producer of your own, and wait for them, before save()");
  }
  partition_ = {assignment().partition().topic, assignment().partition().partition};
  done_ = done_of(share_);
}

const engine::Assignment& BatchRecord::assignment() const {
  return share_.batch().assignment();
}

const std::string& BatchRecord::group() const {
  return assignment().group();
}
std::uint64_t BatchRecord::epoch() const {
  return assignment().store_term()->epoch;
}
Generation BatchRecord::generation() const {
  return assignment().generation();
}
std::optional<CommitPosition> BatchRecord::begins_at() const {
  return assignment().store_term()->begins_at;
}
bool BatchRecord::in_doubt() const {
  return share_.recorded_before();
}

void BatchRecord::noted() {
  share_.note_recorded(done_);
}

void BatchRecord::refuse_epoch() {
  share_.withdraw(kStalePause);
  share_.batch().report_stale_epoch();
  throw StaleEpoch(
      fmt::format("{}/{}: it was opened anew in the offset store since; nothing of this transaction counts",
                  partition_.topic, partition_.number.value));
}

void BatchRecord::refuse_recorded(std::span<const OffsetRange> recorded) {
  // In front, as far as there is no gap, they are marked; the others are done out of order.
  const auto messages = share_.messages();
  std::uint32_t next = std::max(share_.window_from(), share_.said_done());
  std::uint32_t first_open = next;
  while (first_open < share_.window_to() && contains(recorded, messages[first_open].offset())) ++first_open;
  if (first_open > next) share_.mark_through(messages[first_open - 1].offset());
  for (next = first_open; next < share_.window_to(); ++next) {
    const bool said = goes_to_dead_letters(share_, next) || is_skipped(share_, next);
    if (contains(recorded, messages[next].offset()) && !said) share_.skip(messages[next]);
  }
  if (first_open < share_.window_to()) share_.withdraw(0ms);
  throw RecordedBefore(fmt::format(
      "{}/{}: the transaction of an earlier attempt, of which nothing was known, has been committed; what it "
      "recorded is done",
      partition_.topic, partition_.number.value));
}

}  // namespace braid
