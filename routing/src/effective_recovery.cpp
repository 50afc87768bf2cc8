#include <braid/routing/effective_recovery.hpp>

namespace braid::routing {

namespace {

constexpr std::uint32_t kUsualRetries = 3;

bool at_most_once(const Topic& topic) {
  return topic.commit.when == Commit::When::before_processing;
}

}  // namespace

bool has_dead_letters(const Topic& topic) {
  return topic.dead_letters.to != DeadLetters::To::nowhere;
}

std::uint32_t max_retries_of(const Topic& topic) {
  if (at_most_once(topic)) return 0;
  if (topic.retries.max) return *topic.retries.max;
  // Who names a time alone wants that time to be used.
  return has_dead_letters(topic) && !topic.retries.max_elapsed ? kUsualRetries : unlimited;
}

bool can_be_exhausted(const Topic& topic) {
  return max_retries_of(topic) != unlimited || topic.retries.max_elapsed || topic.retries.retry_if;
}

OnExhausted on_exhausted_of(const Topic& topic) {
  if (topic.on_exhausted) return *topic.on_exhausted;
  if (has_dead_letters(topic)) return OnExhausted::dead_letter;
  return at_most_once(topic) ? OnExhausted::skip : OnExhausted::stop;
}

}  // namespace braid::routing
