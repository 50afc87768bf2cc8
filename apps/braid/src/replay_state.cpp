#include "apps/braid/src/replay_state.hpp"

#include <chrono>
#include <ostream>

namespace braid::app {
namespace {

using namespace std::chrono_literals;

constexpr auto kLookEach = 50ms;
constexpr std::uint64_t kSaidMost = 100;

// On one line, cut where it is long.
std::string printable(std::string_view text) {
  constexpr std::size_t kLongest = 200;
  std::string result;
  for (const char c : text.substr(0, kLongest)) {
    const auto byte = static_cast<unsigned char>(c);
    result += byte < 0x20 || byte == 0x7f ? '?' : c;
  }
  return text.size() > kLongest ? result + "..." : result;
}

}  // namespace

ReplayState::ReplayState(const ReplayOptions& options, const std::vector<PartitionPositions>& positions,
                         std::ostream& out, std::ostream& err)
    : options_(options), out_(out), err_(err), progress_(positions) {}

Fate ReplayState::fate_of(const Letter& letter) {
  const Verdict verdict = verdict_of(letter, origin_of(letter), options_.rules);
  const std::lock_guard lock(mutex_);
  const Fate wanted =
      verdict == Verdict::replay && progress_.meant(letter.partition, letter.offset) ? Fate::replayed : Fate::left;
  if (options_.dry_run || options_.pass_left) return wanted;  // nothing is left open, or nothing committed
  return stretches_.admit(letter.partition, letter.offset, wanted) ? wanted : Fate::left;
}

bool ReplayState::take() {
  const std::lock_guard lock(mutex_);
  if (ended_ || taken_ >= options_.limit) return false;
  ++taken_;
  return true;
}

bool ReplayState::meant(const Letter& letter) const {
  const std::lock_guard lock(mutex_);
  return progress_.meant(letter.partition, letter.offset);
}

void ReplayState::replayed(const Letter& letter, const Replay& replay) {
  const std::lock_guard lock(mutex_);
  ++outcome_.replayed;
  progress_.handled(letter.partition, letter.offset, Fate::replayed);
  if (options_.dry_run || options_.verbose) {
    out_ << (options_.dry_run ? "would send " : "sent ") << printable(options_.topic) << '/'
         << letter.partition.value << '@' << letter.offset.value << " to " << printable(replay.topic);
    if (replay.partition) out_ << '/' << replay.partition->value;
    out_ << ", " << (letter.key ? "key " + printable(*letter.key) : "no key") << ", "
         << (replay.payload ? std::to_string(replay.payload->size()) + " bytes" : "a tombstone");
    if (const auto origin = origin_of(letter)) {
      out_ << ", " << origin->replays << " replays before, " << printable(origin->error_type) << ": "
           << printable(origin->error_text);
    }
    out_ << '\n';
  }
  if (outcome_.replayed >= options_.limit) changed_.notify_all();
}

void ReplayState::left(const Letter& letter) {
  const Verdict verdict = verdict_of(letter, origin_of(letter), options_.rules);
  const std::lock_guard lock(mutex_);
  if (!progress_.meant(letter.partition, letter.offset)) return;
  progress_.handled(letter.partition, letter.offset, Fate::left);
  switch (verdict) {
    case Verdict::replay:
      ++outcome_.held_back;
      return;
    case Verdict::unmatched:
      ++outcome_.unmatched;
      return;
    case Verdict::no_dead_letter:
      ++outcome_.no_dead_letters;
      break;
    case Verdict::too_often:
      ++outcome_.too_often;
      break;
    case Verdict::circle:
      ++outcome_.circles;
      break;
  }
  say_left(letter, verdict);
}

void ReplayState::say_left(const Letter& letter, Verdict verdict) {
  if (++said_ > kSaidMost) return;
  err_ << "left " << printable(options_.topic) << '/' << letter.partition.value << '@' << letter.offset.value
       << ": it " << to_string(verdict) << '\n';
  if (said_ == kSaidMost) err_ << "more that is left is counted, not said\n";
}

void ReplayState::at_end(PartitionNumber partition) {
  const std::lock_guard lock(mutex_);
  progress_.at_end(partition);
}

void ReplayState::fail(const std::string& why) {
  const std::lock_guard lock(mutex_);
  if (outcome_.failure.empty()) outcome_.failure = why;
  ended_ = true;
  changed_.notify_all();
}

void ReplayState::end() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

void ReplayState::wait(const std::function<std::uint64_t()>& done_before) {
  auto moved_at = std::chrono::steady_clock::now();
  std::uint64_t moves = 0;
  std::unique_lock lock(mutex_);
  while (!ended_) {
    lock.unlock();
    const std::uint64_t before = done_before();
    lock.lock();
    const auto now = std::chrono::steady_clock::now();
    if (progress_.moves() != moves) {
      moves = progress_.moves();
      moved_at = now;
    }
    outcome_.complete = progress_.complete(before) || outcome_.replayed >= options_.limit;
    if (outcome_.complete) break;
    if (now - moved_at > options_.timeout) {
      outcome_.failure = "nothing has moved for " + std::to_string(options_.timeout.count() / 1000) + " s, and " +
                         std::to_string(progress_.left()) +
                         " offsets are not accounted for; does another program use the group " + options_.group +
                         ", is the cluster healthy, or is the topic compacted?";
      break;
    }
    changed_.wait_for(lock, kLookEach);
  }
  ended_ = true;
}

ReplayOutcome ReplayState::outcome() const {
  const std::lock_guard lock(mutex_);
  return outcome_;
}

}  // namespace braid::app
