#include "core/recovery/recovery_rules.hpp"

#include <braid/routing/effective_recovery.hpp>

namespace braid::core {

namespace {

Next next_of(routing::OnExhausted what) {
  switch (what) {
    case routing::OnExhausted::dead_letter:
      return Next::dead_letter;
    case routing::OnExhausted::skip:
      return Next::skip;
    case routing::OnExhausted::park:
      return Next::park;
    case routing::OnExhausted::stop:
      return Next::stop;
  }
  return Next::retry;
}

bool about_one_message(Next next) {
  return next == Next::dead_letter || next == Next::skip || next == Next::park;
}

}  // namespace

bool has_dead_letters(const routing::Topic& topic) {
  return routing::has_dead_letters(topic);
}

RecoveryRules::RecoveryRules(const routing::Topic& topic)
    : max_retries_(routing::max_retries_of(topic)),
      max_elapsed_(topic.retries.max_elapsed),
      on_exhausted_(next_of(topic.on_exhausted.value_or(routing::OnExhausted::dead_letter))),
      dead_letters_(routing::has_dead_letters(topic)),
      at_most_once_(topic.commit.when == routing::Commit::When::before_processing) {}

bool RecoveryRules::exhausted(const FailedAttempt& failed) const {
  if (at_most_once_ || !failed.worth_retrying) return true;
  if (max_retries_ != unlimited && failed.attempt > max_retries_) return true;
  return max_elapsed_ && failed.elapsed >= *max_elapsed_;
}

Next RecoveryRules::wanted(const FailedAttempt& failed) const {
  switch (failed.asked) {
    case routing::Decision::by_rules:
      return exhausted(failed) ? on_exhausted_ : Next::retry;
    case routing::Decision::retry:
      return Next::retry;
    case routing::Decision::dead_letter:
      return Next::dead_letter;
    case routing::Decision::skip:
      return Next::skip;
    case routing::Decision::park:
      return Next::park;
    case routing::Decision::stop:
      return Next::stop;
  }
  return Next::retry;
}

Next RecoveryRules::decide(const FailedAttempt& failed) const {
  const Next next = wanted(failed);
  if (next == Next::stop) return next;
  if (at_most_once_) {
    const bool goes = next == Next::dead_letter && dead_letters_ && failed.culprit_known && failed.delivered;
    return goes ? next : Next::drop;
  }
  // What is parked needs somewhere to go too, once there is no room for it.
  if ((next == Next::dead_letter || next == Next::park) && !dead_letters_) return Next::retry;
  if (!about_one_message(next)) return next;
  if (!failed.delivered) return Next::retry;
  return failed.culprit_known ? next : Next::singly;
}

}  // namespace braid::core
