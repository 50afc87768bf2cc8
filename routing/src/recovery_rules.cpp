#include "recovery_rules.hpp"

#include "kafka_rules.hpp"
#include "limits.hpp"
#include "names.hpp"
#include "text.hpp"

#include <braid/routing/effective_recovery.hpp>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>

namespace braid::routing {

namespace {

using To = DeadLetters::To;
using When = Commit::When;

std::string text_of(std::uint32_t value) {
  return std::to_string(value);
}
std::string text_of(std::chrono::milliseconds value) {
  return to_text(value);
}
std::string text_of(double value) {
  return number_text(value);
}

class Breaches {
 public:
  void refuse_if(bool wrong, std::string_view option, std::string message) {
    if (wrong) all_.push_back({.option = std::string(option), .message = std::move(message)});
  }
  // `name` is what the option is called. What is no number at all is too small.
  template <class Value>
  void range(std::string_view option, std::string_view name, Value value, Range<Value> range) {
    refuse_if(!(value >= range.least), option, too_small(name, text_of(range.least), text_of(value)));
    refuse_if(value > range.most, option, too_large(name, text_of(range.most), text_of(value)));
  }
  [[nodiscard]] std::vector<Breach> take() { return std::move(all_); }

 private:
  std::vector<Breach> all_;
};

void check_backoff(const Backoff& backoff, Breaches& breaches) {
  const bool exponential = backoff.kind == Backoff::Kind::exponential;
  const bool callable = backoff.kind == Backoff::Kind::callable;
  breaches.refuse_if(callable && !backoff.callable, "retries.backoff",
                     "retries: the backoff's function is missing");
  breaches.refuse_if(!callable && backoff.callable, "retries.backoff",
                     "retries: the backoff's function is never asked, since its kind is not callable; use "
                     "braid::backoff(function)");
  breaches.range("retries.backoff.initial", exponential ? "retries: backoff: initial" : "retries: backoff",
                 backoff.initial, kPause);
  if (!exponential) return;
  breaches.range("retries.backoff.max", "retries: backoff: max", backoff.max, kPause);
  const bool both_legal = backoff.initial >= kPause.least && backoff.initial <= kPause.most &&
                          backoff.max >= kPause.least && backoff.max <= kPause.most;
  breaches.refuse_if(both_legal && backoff.max < backoff.initial, "retries.backoff.max",
                     "retries: backoff: max must be at least initial (" + to_text(backoff.initial) + "), is " +
                         to_text(backoff.max));
  breaches.range("retries.backoff.multiplier", "retries: backoff: multiplier", backoff.multiplier, kMultiplier);
  breaches.range("retries.backoff.jitter", "retries: backoff: jitter", backoff.jitter, kJitter);
}

// Collects what a topic has wrong. Thread: the caller's.
class RecoveryRules {
 public:
  explicit RecoveryRules(const Topic& topic) : topic_(topic) {}

  std::vector<Breach> run() {
    dead_letters();
    exhaustion();
    if (topic_.on_exhausted == OnExhausted::park) parking();
    parked_bound();
    collapse();
    at_most_once();
    return breaches_.take();
  }

 private:
  // Where the first of these options is set; the last one if none is.
  [[nodiscard]] std::string_view set_at(std::initializer_list<std::string_view> options) const {
    for (const std::string_view option : options) {
      if (topic_.option_locations.contains(option)) return option;
    }
    return *(options.end() - 1);
  }

  void dead_letters() {
    const DeadLetters& letters = topic_.dead_letters;
    const std::string_view where = set_at({"dead_letter.topic", "dead_letter"});
    if (letters.to == To::topic) {
      std::string wrong = illegal_name("dead_letter: topic", letters.topic);
      const bool legal = wrong.empty();
      breaches_.refuse_if(!legal, where, std::move(wrong));
      breaches_.refuse_if(legal && letters.topic == topic_.name, where,
                          "dead_letter: topic must be another one than the topic itself, or its dead letters would "
                          "be consumed again and again");
    }
    breaches_.refuse_if(letters.to != To::topic && !letters.topic.empty(), where,
                        "dead_letter: topic " + quoted(letters.topic) +
                            " is named, but dead letters go elsewhere; say one of the two");
    breaches_.refuse_if(letters.to == To::function && !letters.topic_of, where,
                        "dead_letter: the function that names the topic is missing");
    breaches_.refuse_if(letters.to != To::function && letters.topic_of, where,
                        "dead_letter: the function that names the topic is never asked, since dead letters go "
                        "elsewhere; say one of the two");
    const bool sent = letters.to == To::topic || letters.to == To::function;
    breaches_.refuse_if(letters.on_dead_letter && !sent, where,
                        "dead_letter: on_dead_letter is never called, since no dead letter is sent; name a topic, "
                        "or leave it out");
  }

  void exhaustion() {
    const bool letters = has_dead_letters(topic_);
    breaches_.refuse_if(topic_.on_exhausted == OnExhausted::dead_letter && !letters, "on_exhausted",
                        "on_exhausted: dead_letter needs a dead_letter topic");
    if (topic_.commit.when == When::before_processing) return;
    const std::string_view limit = set_at({"retries.max", "retries.max_elapsed", "retries"});
    breaches_.refuse_if(can_be_exhausted(topic_) && !letters && !topic_.on_exhausted, limit,
                        "retries are limited, but nothing says what follows; name a dead_letter topic, or say "
                        "on_exhausted: skip or stop");
    if (!topic_.on_exhausted || can_be_exhausted(topic_) || topic_.dead_letters.strategy) return;
    const std::string what(name_of(kOnExhaustedNames, *topic_.on_exhausted));
    breaches_.refuse_if(true, "on_exhausted",
                        "on_exhausted: " + what +
                            " never happens, since retries have no limit; give retries a max or a max_elapsed, or "
                            "leave on_exhausted out");
  }

  void parking() {
    breaches_.refuse_if(
        !has_dead_letters(topic_), "on_exhausted",
        "on_exhausted: park needs a dead_letter topic, where messages go when max_parked are parked "
        "already");
    breaches_.refuse_if(topic_.offsets == Offsets::manual, "on_exhausted",
                        "on_exhausted: park needs offsets: automatic, since a mark behind a parked message would "
                        "cover it");
  }

  void parked_bound() {
    breaches_.range("max_parked", "max_parked", topic_.max_parked, kMaxParked);
    const bool parks = topic_.on_exhausted == OnExhausted::park || topic_.dead_letters.strategy;
    breaches_.refuse_if(
        topic_.max_parked != Topic{}.max_parked && !parks, "max_parked",
        "max_parked bounds what on_exhausted: park keeps, and nothing is parked here; leave it out");
  }

  void collapse() {
    if (topic_.on_failure != OnFailure::collapse) return;
    breaches_.refuse_if(topic_.flow != Flow::batch, "on_failure",
                        "on_failure: collapse needs flow: batch, whose batches are run again as one; use isolate");
    breaches_.refuse_if(topic_.offsets == Offsets::manual, "on_failure",
                        "on_failure: collapse needs offsets: automatic, since what is not marked may be done soon "
                        "and would run again; use isolate");
    breaches_.refuse_if(
        topic_.commit.when == When::before_processing, "on_failure",
        "on_failure: collapse runs a batch again, which commit: before_processing never does; leave "
        "it out");
  }

  // What is committed before it runs is never repeated.
  void at_most_once() {
    if (topic_.commit.when != When::before_processing) return;
    const Retries& retries = topic_.retries;
    const bool wanted = retries.max.value_or(0) != 0 || retries.max_elapsed || retries.retry_if;
    breaches_.refuse_if(wanted, set_at({"retries.max", "retries.max_elapsed", "retries"}),
                        "commit: before_processing is at most once, so nothing is tried again; give the topic "
                        "retries with a max of 0 and nothing else");
    breaches_.refuse_if(topic_.on_exhausted == OnExhausted::park, "on_exhausted",
                        "commit: before_processing has committed a message before it could be parked; use skip, "
                        "stop or dead_letter");
  }

  const Topic& topic_;
  Breaches breaches_;
};

bool same(const Backoff& left, const Backoff& right) {
  return left.kind == right.kind && left.initial == right.initial && left.max == right.max &&
         left.multiplier == right.multiplier && left.jitter == right.jitter &&
         static_cast<bool>(left.callable) == static_cast<bool>(right.callable);
}

}  // namespace

std::vector<Breach> retries_breaches(const Retries& retries) {
  Breaches breaches;
  if (retries.max && *retries.max != unlimited)
    breaches.range("retries.max", "retries: max", *retries.max, kRetries);
  check_backoff(retries.backoff, breaches);
  breaches.refuse_if(retries.max_elapsed && *retries.max_elapsed < kLeastMaxElapsed, "retries.max_elapsed",
                     too_small("retries: max_elapsed", to_text(kLeastMaxElapsed),
                               to_text(retries.max_elapsed.value_or(kLeastMaxElapsed))));
  return breaches.take();
}

std::vector<Breach> recovery_breaches(const Topic& topic) {
  return RecoveryRules(topic).run();
}

bool same(const Retries& left, const Retries& right) {
  return left.max == right.max && same(left.backoff, right.backoff) &&
         static_cast<bool>(left.retry_if) == static_cast<bool>(right.retry_if) &&
         left.max_elapsed == right.max_elapsed;
}

}  // namespace braid::routing
