#include "engine/worker/conclude_attempt.hpp"

#include "core/recovery/recovery_rules.hpp"
#include "engine/worker/build_letter.hpp"
#include "engine/worker/describe_failure.hpp"
#include "engine/worker/running_batch.hpp"
#include "engine/worker/share.hpp"
#include "engine/worker/tell_jobs.hpp"

#include <braid/recovery.hpp>
#include <braid/routing/pause.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace braid::engine {

namespace {

using core::Next;

constexpr std::chrono::milliseconds kLongestPause = std::chrono::hours(24 * 365);

// One attempt's end. Lives for one call.
class AttemptEnd {
 public:
  AttemptEnd(Share& share, bool may_ask)
      : share_(share),
        assignment_(share.batch().assignment()),
        topic_(assignment_.topic()),
        recovery_(share.make_recovery()),
        now_(assignment_.recovery().now()),
        wall_now_(std::chrono::system_clock::now()),
        may_ask_(may_ask) {}

  void conclude() {
    const bool drops = recovery_.next == Next::drop;  // the attempt before: its letters were not built yet
    recovery_.next = drops ? Next::drop : Next::go_on;
    recovery_.pause = {};
    recovery_.culprit.reset();
    // Marks by way of the virtual partition count too.
    share_.take_over_marks();
    const auto retry_after = std::exchange(recovery_.retry_after, std::nullopt);
    // What it has sent of them is forgotten too, or lost.
    const bool forgotten = assignment_.transaction() != nullptr && (share_.failure() || retry_after);
    if (forgotten || share_.lost_records()) share_.withdraw_said();
    take_explicit();
    if (share_.failure()) {
      judge(retry_after);
    } else if (retry_after) {
      share_.count_anew();
      const bool at_most_once = topic_.commit.when == routing::Commit::When::before_processing;
      recovery_.next = at_most_once ? Next::drop : Next::retry;
      recovery_.pause = *retry_after;
    }
    build_letters();
    share_.settle_bound();
  }

 private:
  void take_explicit() {
    for (const std::uint32_t index : std::exchange(recovery_.skipped, {})) skip(index);
  }

  void skip(std::uint32_t index) {
    share_.give_up(index);
    Counters::add(assignment_.counters().messages_skipped);
    tell_skipped(assignment_, share_, share_.messages()[index]);
  }

  // What of the window is to blame: neither done, nor given up, nor about to be.
  [[nodiscard]] std::vector<std::uint32_t> suspects() const {
    std::vector<std::uint32_t> indexes;
    for (std::uint32_t i = std::max(share_.window_from(), share_.said_done()); i < share_.window_to(); ++i) {
      const auto is_it = [&](const ShareRecovery::Cause& cause) { return cause.index == i; };
      if (!share_.is_given_up(i) && std::ranges::none_of(recovery_.causes, is_it)) indexes.push_back(i);
    }
    return indexes;
  }

  // What a MessageFailed says.
  struct Named {
    Offset offset;
    bool worth_retrying = true;
  };
  [[nodiscard]] std::optional<Named> named() const {
    try {
      std::rethrow_exception(share_.failure());
    } catch (const MessageFailed& failed) {
      return Named{failed.offset(), failed.worth_retrying()};
    } catch (...) {
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<std::uint32_t> culprit(const std::vector<std::uint32_t>& suspects) const {
    std::optional<Offset> offset;
    if (const auto named = this->named()) offset = named->offset;
    if (!offset && share_.in_hand() != nullptr) offset = share_.in_hand()->offset();
    if (offset) {
      for (const std::uint32_t index : suspects) {
        if (share_.messages()[index].offset() == *offset) return index;
      }
    }
    if (suspects.size() == 1) return suspects.front();
    return std::nullopt;
  }

  void judge(std::optional<Duration> retry_after) {
    const auto suspects = this->suspects();
    if (suspects.empty()) return;  // all that it had is done, or was given up before it threw
    share_.count_anew();
    // What fails before user code has a message is none's fault, and uses none's retries up.
    if (share_.delivered()) {
      ++recovery_.failures;
      if (!recovery_.first_failure) {
        recovery_.first_failure = now_;
        recovery_.first_failure_at = wall_now_;
      }
    }
    const auto culprit = this->culprit(suspects);
    if (share_.delivered()) recovery_.culprit = culprit;
    core::FailedAttempt failed{.attempt = recovery_.failures,
                               .elapsed = recovery_.first_failure ? now_ - *recovery_.first_failure : Duration(),
                               .delivered = share_.delivered(),
                               .culprit_known = culprit.has_value()};
    failed.asked = ask_strategy(failed, culprit.value_or(suspects.front()));
    // Whoever has decided need not be asked again.
    if (failed.asked == routing::Decision::by_rules) {
      const auto named = this->named();
      failed.worth_retrying = (!named || named->worth_retrying) && ask_retry_if();
    }
    const Next next = core::RecoveryRules(topic_).decide(failed);
    carry_out(next, culprit, retry_after);
  }

  void carry_out(Next next, std::optional<std::uint32_t> culprit, std::optional<Duration> retry_after) {
    switch (next) {
      case Next::retry:
        recovery_.next = Next::retry;
        recovery_.pause = retry_after ? *retry_after : ask_backoff(share_.attempt());
        return;
      case Next::singly:
        recovery_.singly = true;
        recovery_.next = Next::singly;
        return;
      case Next::skip:
        skip(*culprit);
        return;
      case Next::dead_letter:
        add_cause(*culprit, false);
        if (topic_.commit.when == routing::Commit::When::before_processing) recovery_.next = Next::drop;
        return;
      case Next::park:
        // What is parked can't stay behind a transaction's position: a letter of it goes along.
        add_cause(*culprit, assignment_.transaction() == nullptr);
        return;
      case Next::go_on:
      case Next::stop:
      case Next::drop:
        recovery_.next = next;
        return;
    }
  }

  void add_cause(std::uint32_t index, bool park) {
    share_.hold_back(index);
    recovery_.causes.push_back({.index = index,
                                .error_type = failure_type(share_.failure()),
                                .error_text = failure_text(share_.failure()),
                                .attempts = share_.attempt(),
                                .first_failure = recovery_.first_failure_at,
                                .last_failure = wall_now_,
                                .park = park});
  }

  // Those that nobody can say of where they go are asked about again, behind a pause, and without the messages
  // being delivered again.
  void build_letters() {
    std::vector<ShareRecovery::Cause> unknown;
    for (ShareRecovery::Cause& cause : std::exchange(recovery_.causes, {})) {
      if (topic_.dead_letters.to == routing::DeadLetters::To::discarded) {
        Counters::add(assignment_.counters().dead_letters);
        share_.give_up(cause.index);
        continue;
      }
      auto letter = may_ask_ ? try_to_build(cause) : std::nullopt;
      if (!letter) {
        unknown.push_back(std::move(cause));
        continue;
      }
      auto& built = cause.park ? recovery_.parked : recovery_.letters;
      built.push_back({cause.index, std::move(*letter)});
    }
    recovery_.causes = std::move(unknown);
    if (recovery_.causes.empty()) {
      recovery_.asked_where = 0;
      return;
    }
    if (recovery_.next != Next::drop && recovery_.next != Next::stop) recovery_.next = Next::retry;
    const double random = assignment_.recovery().random();
    recovery_.pause = routing::pause_behind(topic_.retries.backoff, ++recovery_.asked_where, random);
  }

  // Without the memory for a copy it is as though nobody knew where it goes.
  [[nodiscard]] std::optional<DeadLetter> try_to_build(const ShareRecovery::Cause& cause) const {
    try {
      return build_letter(assignment_, share_.messages()[cause.index], cause);
    } catch (const std::exception&) {
      return std::nullopt;
    }
  }

  // --- user code, guarded

  void warn(const char* what) const {
    assignment_.recovery().warn(fmt::format("{}/{}: {} threw {}", assignment_.partition().topic,
                                            assignment_.partition().partition.value, what,
                                            describe_failure(std::current_exception())));
  }

  [[nodiscard]] routing::Decision ask_strategy(const core::FailedAttempt& failed, std::uint32_t index) const {
    const auto& strategy = topic_.dead_letters.strategy;
    if (!strategy || !may_ask_) return routing::Decision::by_rules;
    const std::string text = failure_text(share_.failure());
    const Failure failure{.message = share_.messages()[index],
                          .message_known = failed.culprit_known,
                          .error = share_.failure(),
                          .text = text,
                          .attempt = share_.attempt(),
                          .elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(failed.elapsed)};
    try {
      return strategy(failure);
    } catch (...) {
      warn("the strategy for failed attempts");
    }
    return routing::Decision::retry;
  }

  [[nodiscard]] bool ask_retry_if() const {
    const auto& retry_if = topic_.retries.retry_if;
    if (!retry_if || !may_ask_) return true;
    try {
      return retry_if(share_.failure());
    } catch (...) {
      warn("retry_if");
    }
    return true;
  }

  [[nodiscard]] Duration ask_backoff(std::uint32_t attempt) const {
    const routing::Backoff& backoff = topic_.retries.backoff;
    const auto by_kind = [&] { return routing::pause_behind(backoff, attempt, assignment_.recovery().random()); };
    if (backoff.kind != routing::Backoff::Kind::callable || !backoff.callable || !may_ask_) return by_kind();
    try {
      return std::clamp(backoff.callable(attempt, share_.failure()), std::chrono::milliseconds(0), kLongestPause);
    } catch (...) {
      warn("the backoff");
    }
    return by_kind();
  }

  Share& share_;
  Assignment& assignment_;
  const routing::Topic& topic_;
  ShareRecovery& recovery_;
  const Time now_;
  const ShareRecovery::WallTime wall_now_;
  const bool may_ask_;
};

}  // namespace

bool conclude_attempt(Share& share, std::exception_ptr failure, bool may_ask) {
  const bool failed = failure != nullptr;
  share.failed_with(std::move(failure));
  share.send_records();
  if (!failed && share.recovery() == nullptr) return true;
  AttemptEnd(share, may_ask).conclude();
  const ShareRecovery& recovery = *share.recovery();
  const bool waits = !recovery.letters.empty() || !recovery.parked.empty() || !recovery.causes.empty();
  return !failed && !waits && recovery.next == Next::go_on && share.first_unfinished() == share.size();
}

bool asks_user_code(const routing::Topic& topic) {
  const routing::DeadLetters& letters = topic.dead_letters;
  return topic.retries.retry_if || topic.retries.backoff.callable || letters.strategy || letters.topic_of ||
         letters.on_dead_letter;
}

}  // namespace braid::engine
