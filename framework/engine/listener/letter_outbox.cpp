#include "engine/listener/letter_outbox.hpp"

#include "core/assert.hpp"
#include "engine/listener/tell.hpp"

#include <braid/routing/pause.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <utility>

namespace braid::engine {

namespace {

// An answer is told from all others by it, those to earlier generations included.
std::uint64_t next_token() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

// The first time, and then now and then.
constexpr std::uint32_t kWarnEach = 20;

}  // namespace

void LetterOutbox::send(Share& share) {
  // An answer may come from within, but only as a mail.
  for (const auto& letter : share.recovery()->letters) {
    send(Entry{.share = &share, .index = letter.index, .offset = share.messages()[letter.index].offset()});
  }
}

void LetterOutbox::send(Offset offset, DeadLetter letter) {
  send(Entry{.own = std::make_shared<const DeadLetter>(std::move(letter)), .offset = offset});
}

bool LetterOutbox::holds_of(const Share& share) const {
  const auto of_it = [&](const Entry& entry) { return entry.share == &share; };
  return std::ranges::any_of(waiting_, of_it) ||
         std::ranges::any_of(sent_, [&](const auto& each) { return of_it(each.second); });
}

const DeadLetter* LetterOutbox::letter_of(const Entry& entry) const {
  if (entry.own) return entry.own.get();
  const auto& letters = entry.share->recovery()->letters;
  const auto found = std::ranges::find(letters, entry.index, &ShareRecovery::Letter::index);
  return found != letters.end() ? &found->letter : nullptr;
}

void LetterOutbox::send(const Entry& entry) {
  if (refuses_) return;
  const DeadLetter* const letter = letter_of(entry);
  BRAID_ASSERT(letter != nullptr, "a letter stays with its share until it is acknowledged");
  const std::uint64_t token = next_token();
  sent_[token] = entry;
  auto answer = [mailbox = mailbox_, name = assignment_.partition(), token](const Result<void>& outcome) {
    mailbox->post_letter_answer(std::make_unique<LetterAnswer>(LetterAnswer{name, token, outcome}));
  };
  if (sink_ == nullptr) {
    answer(Error(Error::Kind::other, "nobody sends dead letters here"));
    return;
  }
  sink_->send(*letter, assignment_.partition().partition, std::move(answer));
}

std::optional<LetterOutbox::Acknowledged> LetterOutbox::take(const LetterAnswer& answer, Time now) {
  const auto found = sent_.find(answer.token);
  if (found == sent_.end()) return std::nullopt;
  Entry entry = found->second;
  sent_.erase(found);
  if (answer.outcome) {
    const DeadLetter* const letter = letter_of(entry);
    tell_letter_sent(assignment_, entry.offset, letter != nullptr ? letter->topic : std::string_view());
    return Acknowledged{entry.share, entry.index, entry.offset};
  }
  const Duration pause =
      routing::pause_behind(assignment_.topic().retries.backoff, ++entry.tries, assignment_.recovery().random());
  entry.due = now + pause;
  note_failure(entry, answer.outcome.error(), pause);
  if (!refuses_) waiting_.push_back(entry);
  return std::nullopt;
}

void LetterOutbox::note_failure(const Entry& entry, const Error& error, Duration pause) {
  Counters::add(assignment_.counters().dead_letters_failed);
  const DeadLetter* const letter = letter_of(entry);
  tell_letter_failed(assignment_, entry.offset, letter != nullptr ? letter->topic : std::string_view(), entry.tries,
                     error, pause);
  if (entry.tries % kWarnEach != 1) return;
  log_.write(
      LogLevel::warning, "partition",
      fmt::format("{}/{}: the dead letter of offset {} was not taken by {} ({} tries so far): {}; again in {} "
                  "ms, and until it is",
                  assignment_.partition().topic, assignment_.partition().partition.value, entry.offset.value,
                  letter != nullptr ? letter->topic : std::string(), entry.tries, error.text(),
                  std::chrono::duration_cast<std::chrono::milliseconds>(pause).count()));
}

void LetterOutbox::send_again(Time now) {
  std::vector<Entry> due;
  std::erase_if(waiting_, [&](const Entry& entry) {
    if (entry.due > now) return false;
    due.push_back(entry);
    return true;
  });
  for (const Entry& entry : due) send(entry);
}

std::optional<Time> LetterOutbox::wakes_at() const {
  std::optional<Time> at;
  for (const Entry& entry : waiting_) at = at ? std::min(*at, entry.due) : entry.due;
  return at;
}

void LetterOutbox::refuse() {
  refuses_ = true;
  waiting_.clear();
}

}  // namespace braid::engine
