#include "describe_recovery.hpp"

#include "recovery_rules.hpp"
#include "text.hpp"

#include <braid/routing/effective_recovery.hpp>

#include <cstdint>

namespace braid::routing {

namespace {

using To = DeadLetters::To;

std::string pauses(const Backoff& backoff) {
  switch (backoff.kind) {
    case Backoff::Kind::fixed:
      return ", each after " + to_text(backoff.initial);
    case Backoff::Kind::exponential:
      return ", after " + to_text(backoff.initial) + ", then " + number_text(backoff.multiplier) +
             " times as long each, up to " + to_text(backoff.max) + ", jitter " + number_text(backoff.jitter);
    case Backoff::Kind::callable:
      return ", each after what a function says";
  }
  return "?";
}

std::string retries(const Topic& topic) {
  const std::uint32_t max = max_retries_of(topic);
  if (max == 0) return "no retries";
  std::string text = max == unlimited ? "retries without limit"
                                      : "up to " + std::to_string(max) + (max == 1 ? " retry" : " retries");
  text += pauses(topic.retries.backoff);
  if (topic.retries.max_elapsed) text += ", within " + to_text(*topic.retries.max_elapsed);
  if (topic.retries.retry_if) text += ", if a function says so";
  if (topic.on_failure == OnFailure::collapse) text += ", with all that is not done of the batch";
  return text;
}

std::string last(const Topic& topic) {
  switch (on_exhausted_of(topic)) {
    case OnExhausted::dead_letter:
      return "dead letter";
    case OnExhausted::skip:
      return "skipped";
    case OnExhausted::park:
      return "parked, at most " + std::to_string(topic.max_parked);
    case OnExhausted::stop:
      return "the application stops";
  }
  return "?";
}

std::string dead_letters(const DeadLetters& letters) {
  std::string text;
  if (letters.to == To::topic) text = "to " + printable(letters.topic);
  if (letters.to == To::function) text = "to what a function says";
  if (letters.to == To::discarded) text = "skipped and counted";
  if (letters.to == To::nowhere) text = "none";
  if (letters.strategy) text += ", a strategy decides";
  if (letters.on_dead_letter) text += ", with a hook";
  return text;
}

bool sets_nothing(const Topic& topic) {
  return same(topic.retries, Retries{}) && topic.on_failure == OnFailure::isolate && !topic.on_exhausted &&
         !has_dead_letters(topic) && !topic.dead_letters.strategy;
}

}  // namespace

std::string describe_recovery(const Topic& topic) {
  if (sets_nothing(topic)) return "";
  std::string text = "      failures: " + retries(topic);
  if (can_be_exhausted(topic)) text += "; then " + last(topic);
  text += '\n';
  if (has_dead_letters(topic) || topic.dead_letters.strategy) {
    text += "      dead letters: " + dead_letters(topic.dead_letters) + '\n';
  }
  return text;
}

}  // namespace braid::routing
