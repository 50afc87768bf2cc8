#pragma once

#include "simulation/random.hpp"

#include <braid/recovery.hpp>
#include <braid/routing/recovery.hpp>

#include <cstdint>
#include <optional>

namespace braid::simulation {

// Named, and another attempt is in vain.
class Hopeless final : public MessageFailed {
 public:
  using MessageFailed::MessageFailed;
  [[nodiscard]] bool worth_retrying() const noexcept override { return false; }
};

// How user code tells which message failed.
enum class Says : std::uint8_t { nothing, names, one_at_a_time };

// What follows failures in one topic, and what its messages are like.
struct TopicRecovery {
  std::uint32_t max = unlimited;  // retries, effective
  routing::Backoff backoff{};
  bool retry_if = false;  // what is no exception is not worth a retry
  routing::DeadLetters::To letters = routing::DeadLetters::To::nowhere;
  std::optional<routing::OnExhausted> on_exhausted{};
  std::uint32_t max_parked = 1000;
  bool strategy = false;
  bool collapses = false;
  bool topic_of = false;   // says where letters go, and throws now and then
  bool on_letter = false;  // is shown them, and throws now and then
  bool may_park = false;   // for whatever reason
  Says says = Says::nothing;
  std::uint32_t poison = 0;      // of 1,000 offsets fail whenever they are tried
  std::uint32_t transient = 0;   // of 1,000 offsets fail the first few times
  std::uint32_t explicitly = 0;  // of 1,000 messages get an explicit outcome

  [[nodiscard]] bool has_letters() const { return letters != routing::DeadLetters::To::nowhere; }
};

// What a topic's setting allows.
struct RecoverySetting {
  bool manual_offsets = false;
  bool at_most_once = false;
  bool tickets = false;
  bool continuous = false;
};
TopicRecovery draw_recovery(Random& random, const RecoverySetting& setting);

// By its offset, whoever asks.
bool is_poison(const TopicRecovery& recovery, int partition, std::int64_t offset);
// So often it fails before it can be processed.
int transient_failures(const TopicRecovery& recovery, int partition, std::int64_t offset);
// What the topic's strategy decides, the same for the same attempt; none: it throws.
std::optional<routing::Decision> strategy_says(const TopicRecovery& recovery, int partition, std::int64_t offset,
                                               std::uint32_t attempt);
// The pause that a topic's own backoff says; none: it throws.
std::optional<std::chrono::milliseconds> backoff_says(std::uint32_t attempt);
// At least so long is the pause behind that attempt.
std::chrono::nanoseconds pause_least(const routing::Backoff& backoff, std::uint32_t attempt);

}  // namespace braid::simulation
