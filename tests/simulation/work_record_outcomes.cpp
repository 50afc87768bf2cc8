// What becomes of an attempt that has ended, as the topic's rules say: told from outside, and on its own.

#include "simulation/work_record.hpp"

#include <braid/recovery.hpp>

#include <algorithm>
#include <utility>

namespace braid::simulation {

using routing::Decision;
using routing::OnExhausted;

// --- where it is

WorkRecord::Piece* WorkRecord::find(std::int64_t offset) {
  const auto found = std::ranges::find(share_, offset, &Piece::offset);
  return found == share_.end() ? nullptr : &*found;
}

std::size_t WorkRecord::count_up_to(std::int64_t through) const {
  const auto found = std::ranges::upper_bound(share_, through, {}, &Piece::offset);
  return static_cast<std::size_t>(found - share_.begin());
}

std::size_t WorkRecord::bound() const {
  return static_cast<std::size_t>(std::ranges::find(share_, true, &Piece::letter) - share_.begin());
}

std::size_t WorkRecord::given_up() const {
  return static_cast<std::size_t>(std::ranges::count(share_, true, &Piece::given_up));
}

std::size_t WorkRecord::first_unfinished() const {
  std::size_t index = std::max(said_, passed_);
  if (promises().manual_offsets) index = std::max(index, count_up_to(marked_through_));
  while (index < share_.size() && share_[index].given_up) ++index;
  return index;
}

std::size_t WorkRecord::window_end(std::size_t from) const {
  std::size_t to = from;
  while (to < share_.size() && !share_[to].given_up) ++to;
  return singly_ ? std::min(to, from + 1) : to;
}

std::optional<ExpectedAttempt> WorkRecord::expected() const {
  if (!goes_on_) return std::nullopt;
  ExpectedAttempt next;
  next.waits = bound() < share_.size() || waits_;
  const std::size_t from = first_unfinished();
  if (from == share_.size()) return next;
  const std::size_t to = window_end(from);
  next.first = share_[from].offset;
  next.last = share_[to - 1].offset;
  next.size = to - from;
  const bool anew = from > attempted_from_ || given_up() > given_up_before_;
  next.attempt = anew ? 1 : attempt_ + 1;
  next.any_attempt = fuzzy_;
  next.not_before = not_before_;
  return next;
}

// --- explicit outcomes

bool WorkRecord::can_give_up(std::int64_t offset) const {
  return std::ranges::any_of(open_, [&](const Given& given) { return given.offset == offset; }) &&
         offset > marked_through_;
}

void WorkRecord::said_skip(std::int64_t offset) {
  find(offset)->said_skip = true;
  // A mark behind it covers it before the attempt ends.
  kafka_.partition(incarnation_->partition).effectless.insert(offset);
}

void WorkRecord::said_dead_letter(std::int64_t offset) {
  post(*find(offset));
}

void WorkRecord::said_retry_after(engine::Duration pause) {
  retry_after_ = pause;
}

void WorkRecord::take_explicit() {
  for (Piece& piece : share_) {
    if (!std::exchange(piece.said_skip, false)) continue;
    world_.happened(Happening::skipped_explicitly);
    give_up(piece);
  }
}

// Of messages behind the last mark; what was sent of them is forgotten too, or lost.
void WorkRecord::withdraw_said() {
  for (std::size_t i = std::max(said_, passed_); i < share_.size(); ++i) {
    share_[i].said_skip = false;
    if (std::exchange(share_[i].letter, false)) incarnation_->letters.erase(share_[i].offset);
  }
}

// --- how attempts end

void WorkRecord::count_anew() {
  // What is behind a letter does not count as done before that has arrived.
  const std::size_t from = std::min(first_unfinished(), bound());
  if (from <= attempted_from_ && given_up() <= given_up_before_) return;
  attempted_from_ = from;
  given_up_before_ = given_up();
  attempt_ = 1;
  failures_ = 0;
}

void WorkRecord::returned() {
  if (dead_) return;
  const auto retry_after = std::exchange(retry_after_, std::nullopt);
  if (!retry_after) {
    if (promises().manual_offsets) {
      passed_ = window_to_;
    } else {
      said_ = std::max(said_, window_to_);
    }
  } else if (promises().exactly_once) {
    withdraw_said();
  }
  take_explicit();
  if (retry_after) {
    count_anew();
    world_.happened(Happening::retried_later);
    promises().at_most_once ? drop() : retry(*retry_after);
  }
  end_attempt();
}

void WorkRecord::failed(const std::exception_ptr& failure) {
  if (dead_) return;
  world_.happened(Happening::attempt_failed);
  if (promises().exactly_once) withdraw_said();
  take_explicit();
  if (suspects().empty()) {
    world_.happened(Happening::failed_behind_all);
  } else {
    count_anew();
    ++failures_;
    const Failed failed = find_culprit(failure);
    world_.happened(failed.culprit ? Happening::culprit_known : Happening::culprit_unknown);
    carry_out(decide(failed), failed);
  }
  end_attempt();
}

void WorkRecord::end_attempt() {
  inside_ = false;
  // Discarded is not sent.
  if (promises().recovery.letters == routing::DeadLetters::To::discarded) {
    for (Piece& piece : share_) {
      if (!std::exchange(piece.letter, false)) continue;
      world_.happened(Happening::letter_discarded);
      give_up(piece);
    }
  }
  apply();
  if (promises().manual_offsets) {
    if (passed_ == share_.size() && !open_.empty()) world_.happened(Happening::returned_unmarked);
    for (std::size_t i = 0; i < passed_; ++i) {
      if (!share_[i].given_up) worked_on({share_[i].offset, share_[i].key});
    }
  }
  settle();
}

// Where it goes on, if it does.
void WorkRecord::settle() {
  if (!goes_on_) return;
  facts().retry_from.reset();
  if (bound() < share_.size()) return;
  const std::size_t next = first_unfinished();
  if (next < share_.size()) {
    facts().retry_from = share_[next].offset;
    return;
  }
  goes_on_ = false;
  std::int64_t awaited = promises().manual_offsets ? facts().marked_through : -1;
  for (const Piece& piece : share_) {
    // What was parked is not waited for, even if its letter has gone and arrived meanwhile.
    const bool done = piece.given_up ? !piece.was_parked : !promises().manual_offsets;
    if (done) awaited = std::max(awaited, piece.offset);
  }
  if (awaited >= 0) facts().awaited_through = awaited;
}

std::vector<std::size_t> WorkRecord::suspects() const {
  std::vector<std::size_t> indexes;
  const std::size_t marked = promises().manual_offsets ? count_up_to(marked_through_) : 0;
  for (std::size_t i = std::max({window_from_, said_, passed_, marked}); i < window_to_; ++i) {
    if (!share_[i].given_up && !share_[i].letter) indexes.push_back(i);
  }
  return indexes;
}

WorkRecord::Failed WorkRecord::find_culprit(const std::exception_ptr& failure) const {
  const std::vector<std::size_t> suspects = this->suspects();
  Failed failed{.culprit = std::nullopt, .first = suspects.front()};
  std::optional<std::int64_t> offset = in_hand_;
  try {
    std::rethrow_exception(failure);
  } catch (const MessageFailed& named) {
    offset = named.offset().value;
    failed.worth_retrying = named.worth_retrying();
  } catch (const std::exception&) {
  } catch (...) {
    failed.worth_retrying = !promises().recovery.retry_if;
  }
  for (const std::size_t index : suspects) {
    if (share_[index].offset == offset) failed.culprit = index;
  }
  if (suspects.size() == 1) failed.culprit = suspects.front();
  return failed;
}

// What is wanted, whoever is to blame.
Decision WorkRecord::decide(const Failed& failed) const {
  const TopicRecovery& recovery = promises().recovery;
  if (recovery.strategy) {
    const auto said = strategy_says(recovery, incarnation_->partition,
                                    share_[failed.culprit.value_or(failed.first)].offset, attempt_);
    if (!said) world_.happened(Happening::strategy_threw);
    if (said != Decision::by_rules) {
      world_.happened(Happening::strategy_decided);
      return said.value_or(Decision::retry);
    }
  }
  const bool used_up =
      promises().at_most_once || (recovery.max != unlimited && failures_ > recovery.max) || !failed.worth_retrying;
  if (!used_up) return Decision::retry;
  if (!failed.worth_retrying) world_.happened(Happening::not_worth_retrying);
  switch (recovery.on_exhausted.value_or(OnExhausted::dead_letter)) {
    case OnExhausted::skip:
      return Decision::skip;
    case OnExhausted::park:
      return Decision::park;
    case OnExhausted::stop:
      return Decision::stop;
    default:
      return Decision::dead_letter;
  }
}

void WorkRecord::carry_out(Decision decision, const Failed& failed) {
  const TopicRecovery& recovery = promises().recovery;
  const bool letters = decision == Decision::dead_letter && recovery.has_letters();
  if (promises().at_most_once) {
    if (letters && failed.culprit) post(share_[*failed.culprit]);
    drop();
    return;
  }
  if (decision == Decision::retry || (decision == Decision::dead_letter && !letters)) {
    const auto after = std::exchange(retry_after_, std::nullopt);
    retry(after ? *after : fuzzy_ ? pause_least_of_any() : pause_least(recovery.backoff, attempt_));
    return;
  }
  not_before_ = {};
  if (decision == Decision::stop) {
    waits_ = true;
    incarnation_->stop_due = true;
    return;
  }
  if (!failed.culprit) {
    world_.happened(Happening::goes_on_singly);
    singly_ = true;
    return;
  }
  Piece& piece = share_[*failed.culprit];
  if (decision == Decision::skip) {
    world_.happened(Happening::skipped_by_rule);
    give_up(piece);
  } else if (decision == Decision::park) {
    park(piece);
  } else {
    post(piece);
  }
}

// Who was marked from outside may count its attempts anew, and waits for less; by a function for anything.
std::chrono::nanoseconds WorkRecord::pause_least_of_any() const {
  const routing::Backoff& backoff = promises().recovery.backoff;
  const bool any = backoff.kind == routing::Backoff::Kind::callable;
  return any ? std::chrono::nanoseconds(0) : pause_least(backoff, 1);
}

// The attempt has ended for us, and may be about to end for the engine, which counts this mark then.
void WorkRecord::shorten_pause() {
  not_before_ = std::min(not_before_, world_.clock.now() + pause_least_of_any());
}

void WorkRecord::retry(std::chrono::nanoseconds pause) {
  not_before_ = world_.clock.now() + pause;
  waits_ = promises().recovery.collapses && !collapsed_;
}

// It counts as done.
void WorkRecord::give_up(Piece& piece) {
  piece.given_up = true;
  incarnation_->given_up.insert(piece.offset);
  kafka_.partition(incarnation_->partition).effectless.insert(piece.offset);
  if (const auto home = incarnation_->homes.find(piece.key); home != incarnation_->homes.end()) {
    home->second.finished_at = world_.step;
  }
  const auto open = std::ranges::find(open_, piece.offset, &Given::offset);
  if (open == open_.end()) return;
  const Given given = *open;
  open_.erase(open);
  finish(given);
  // Of a share that has returned the ledger hears when its batch settles, which may never be.
  if (promises().manual_offsets && !promises().continuous) incarnation_->inexact = true;
}

// It stays open, and nothing waits for it.
void WorkRecord::park(Piece& piece) {
  world_.happened(Happening::parked);
  piece.given_up = true;
  incarnation_->given_up.insert(piece.offset);
  incarnation_->parked.insert(piece.offset);
  piece.was_parked = true;
  std::erase_if(open_, [&](const Given& given) { return given.offset == piece.offset; });
  if (const auto home = incarnation_->homes.find(piece.key); home != incarnation_->homes.end()) {
    home->second.finished_at = world_.step;
  }
  incarnation_->letters[piece.offset] = {weak_from_this(), attempt_};
}

void WorkRecord::post(Piece& piece) {
  piece.letter = true;
  incarnation_->letters[piece.offset] = {weak_from_this(), attempt_};
}

void WorkRecord::acknowledged(std::int64_t offset) {
  incarnation_->letters.erase(offset);
  if (incarnation_->parked.erase(offset) > 0) {
    finish({offset, -1});
    return;
  }
  Piece& piece = *find(offset);
  piece.letter = false;
  give_up(piece);
  apply();
  settle();
}

// At most once: there is no second attempt, and nothing waits for these any more.
void WorkRecord::drop() {
  world_.happened(Happening::share_dropped);
  for (; !open_.empty(); open_.pop_front()) {
    if (!incarnation_->ended) incarnation_->open.erase(open_.front().offset);
    worked_on(open_.front());
  }
  said_ = share_.size();
}

}  // namespace braid::simulation
