#include "engine/listener/after_attempt.hpp"

#include "engine/listener/runner_log.hpp"
#include "engine/listener/tell.hpp"
#include "engine/worker/describe_failure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace braid::engine {

using core::Next;

namespace {

// More than a parked message takes of a commit's metadata: two numbers, the distances to what is next to it.
constexpr std::size_t kBytesOfAGap = 8;
// What goes before the gaps and is kept free behind them, at most; and then the user's text.
constexpr std::size_t kBytesBeforeGaps = 64;
// Of max_bytes, for parked messages, which are held beside those that it bounds; and as much for the letters of
// those that went on their way.
constexpr std::size_t kPartOfBytes = 4;

std::size_t size_of(const DeadLetter& letter) {
  std::size_t size = letter.key.value_or("").size() + letter.payload.value_or("").size();
  for (const auto& [name, value] : letter.headers) size += name.size() + value.value_or("").size();
  return size;
}

}  // namespace

AfterAttempt::AfterAttempt(std::shared_ptr<Assignment> assignment, const RunnerTools& tools,
                           core::PartitionOffsets& offsets, ShareOffsets& share_offsets, ShareRunner& runner)
    : assignment_(std::move(assignment)),
      tools_(tools),
      offsets_(offsets),
      share_offsets_(share_offsets),
      runner_(runner),
      outbox_(*assignment_, tools.letters, tools.mailbox, *tools.log) {}

AfterAttempt::~AfterAttempt() {
  note_parked(-static_cast<int>(parked_.letters.size()));
}

void AfterAttempt::handle(Share& share, Time now) {
  if (share.failure()) {
    Counters::add(assignment_->counters().attempts_failed);
    log_failure(*tools_.log, *assignment_, share);
  }
  park(share);
  share_offsets_.given_up(share);
  if (share.recovery()->next == Next::stop) {
    // Not behind letters, which may never get anywhere.
    follow(share, now);
    return;
  }
  if (!share.recovery()->letters.empty() && !refuses_) {
    outbox_.send(share);
    return;
  }
  follow(share, now);
}

void AfterAttempt::handle(const LetterAnswer& answer, Time now) {
  const auto acknowledged = outbox_.take(answer, now);
  if (!acknowledged) return;
  Counters::add(assignment_->counters().dead_letters);
  if (acknowledged->share == nullptr) {
    offsets_.done(acknowledged->offset);
    const auto unparked = unparked_.extract(acknowledged->offset.value);
    unparked_bytes_ -= unparked.mapped();
    return;
  }
  Share& share = *acknowledged->share;
  share.acknowledge(acknowledged->index);
  share_offsets_.given_up(share);
  if (share.recovery()->letters.empty()) follow(share, now);
}

void AfterAttempt::turn(Time now) {
  outbox_.send_again(now);
  if (!parked_.letters.empty() && !refuses_) keep_bounds();
}

void AfterAttempt::note_parked(int change) {
  assignment_->counters().messages_parked.fetch_add(static_cast<std::uint32_t>(change), std::memory_order_relaxed);
}

// To the ledger they stay open: the position stays before them, and what is behind them is committed as gaps.
void AfterAttempt::park(Share& share) {
  ShareRecovery& recovery = *share.recovery();
  if (recovery.parked.empty()) return;
  if (letters_pile_up()) {
    std::ranges::move(recovery.parked, std::back_inserter(recovery.letters));
    recovery.parked.clear();
    return;
  }
  for (ShareRecovery::Letter& letter : std::exchange(recovery.parked, {})) {
    const Offset offset = share.messages()[letter.index].offset();
    parked_.bytes += size_of(letter.letter);
    parked_.letters[offset.value] = std::move(letter.letter);
    note_parked(1);
    share.note_parked(letter.index);
    share.batch().note_parked();
    tell_parked(*assignment_, share, offset);
    if (std::exchange(parking_told_, true)) continue;
    tools_.log->write(
        LogLevel::warning, "partition",
        fmt::format("{}/{}: offset {} is parked, as the topic says: what follows of its key goes on "
                    "before it, and it is processed again after a restart or a rebalance; the figures "
                    "count further ones",
                    assignment_->partition().topic, assignment_->partition().partition.value, offset.value));
  }
  if (!refuses_) keep_bounds();
}

std::size_t AfterAttempt::most_parked() const {
  const routing::Topic& topic = assignment_->topic();
  // Each is a gap that the commits must tell, or who waits for a commit behind it would wait for ever.
  const std::size_t before = kBytesBeforeGaps + assignment_->commit_text().text().size();
  const std::size_t bytes = assignment_->commit_metadata_bytes();
  const std::size_t told = (bytes - std::min(bytes, before)) / kBytesOfAGap;
  return std::min({std::size_t{topic.max_parked}, std::size_t{topic.max_open_offsets} / 4 * 3, told});
}

bool AfterAttempt::letters_pile_up() const {
  return unparked_.size() > most_parked() || unparked_bytes_ > assignment_->topic().max_bytes / kPartOfBytes;
}

// Where a bound nears, the oldest goes to dead letters instead.
void AfterAttempt::keep_bounds() {
  const routing::Topic& topic = assignment_->topic();
  const std::size_t most = most_parked();
  const auto expected = offsets_.expected();
  const auto too_far_behind = [&](std::int64_t offset) {
    return expected && expected->value - offset > std::int64_t{topic.max_window} / 4 * 3;
  };
  while (!parked_.letters.empty() &&
         (parked_.letters.size() > most || parked_.bytes > topic.max_bytes / kPartOfBytes ||
          too_far_behind(parked_.letters.begin()->first))) {
    auto oldest = parked_.letters.extract(parked_.letters.begin());
    const std::size_t bytes = size_of(oldest.mapped());
    note_parked(-1);
    parked_.bytes -= bytes;
    unparked_bytes_ += bytes;
    unparked_[oldest.key()] = bytes;
    outbox_.send(Offset{oldest.key()}, std::move(oldest.mapped()));
  }
}

void AfterAttempt::follow(Share& share, Time now) {
  const ShareRecovery& recovery = *share.recovery();
  if (!recovery.causes.empty() && !refuses_ && recovery.next != Next::stop) {
    runner_.try_again(share, now + recovery.pause);
    return;
  }
  switch (recovery.next) {
    case Next::retry:
      Counters::add(assignment_->counters().retries);
      tell_retry(*assignment_, share);
      if (!refuses_) runner_.try_again(share, now + recovery.pause);
      return;
    case Next::singly:
      Counters::add(assignment_->counters().retries);
      tell_retry(*assignment_, share);
      if (!refuses_) runner_.go_on(share);
      return;
    case Next::drop:
      runner_.drop(share);
      return;
    case Next::stop:
      if (tools_.fatal) tools_.fatal(Error(Error::Kind::other, describe_stop(*assignment_, share)));
      return;
    case Next::go_on:
    case Next::dead_letter:
    case Next::skip:
    case Next::park:
      // With letters that are not sent any more it stays as it is.
      if (recovery.letters.empty() && recovery.causes.empty()) runner_.go_on(share);
      return;
  }
}

std::optional<Time> AfterAttempt::sooner(std::optional<Time> other) const {
  const auto at = outbox_.wakes_at();
  if (!at) return other;
  return other ? std::min(*at, *other) : at;
}

void AfterAttempt::refuse() {
  refuses_ = true;
  outbox_.refuse();
}

}  // namespace braid::engine
