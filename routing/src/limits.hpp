#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// What numbers may be, and how a refusal reads; shared by validate() and the readers of files, since a file may
// hold numbers that no option's type does.

namespace braid::routing {

template <class Value>
struct Range {
  Value least;
  Value most;
};

inline constexpr Range<std::uint32_t> kMaxMessages{1, 1'000'000};
inline constexpr Range<std::uint32_t> kMaxPartitions{1, 1'000'000};
inline constexpr Range<std::uint32_t> kConnections{1, 100};
// Loads are looked at once a second.
inline constexpr Range<std::chrono::milliseconds> kScaleDelay{std::chrono::seconds{1}, std::chrono::hours{24}};
inline constexpr Range<std::chrono::milliseconds> kMaxWait{std::chrono::milliseconds{0}, std::chrono::hours{1}};
inline constexpr Range<std::uint32_t> kMaxQueued{1, 100'000'000};
inline constexpr Range<std::uint32_t> kMaxOpenOffsets{1, 100'000'000};
inline constexpr Range<std::uint32_t> kMaxWindow{1, 1u << 30};
inline constexpr Range<std::size_t> kMaxBytes{1024, std::size_t{1} << 40};
inline constexpr Range<std::chrono::milliseconds> kHoldCopyAfter{std::chrono::milliseconds{1},
                                                                 std::chrono::hours{24}};
inline constexpr Range<std::uint32_t> kMaxConcurrency{1, 10'000};
inline constexpr Range<std::uint32_t> kMaxInFlight{1, 1'000'000};
inline constexpr Range<std::chrono::milliseconds> kCommitInterval{std::chrono::milliseconds{10},
                                                                  std::chrono::hours{24}};
inline constexpr Range<std::chrono::milliseconds> kTickEvery{std::chrono::milliseconds{1}, std::chrono::hours{24}};
inline constexpr Range<std::chrono::milliseconds> kTicketTimeout{std::chrono::milliseconds{1},
                                                                 std::chrono::hours{24}};
inline constexpr Range<std::chrono::milliseconds> kMaxProcessingTime{std::chrono::milliseconds{1},
                                                                     std::chrono::hours{24}};
inline constexpr Range<std::uint32_t> kTransactionBatches{1, 10'000};
inline constexpr Range<std::chrono::milliseconds> kTransactionInterval{std::chrono::milliseconds{1},
                                                                       std::chrono::minutes{15}};
inline constexpr Range<std::chrono::milliseconds> kStalledAfter{std::chrono::milliseconds{0},
                                                                std::chrono::hours{24}};
inline constexpr Range<std::uint32_t> kRetries{0, 1'000'000};
inline constexpr Range<std::chrono::milliseconds> kPause{std::chrono::milliseconds{1}, std::chrono::hours{24}};
inline constexpr Range<double> kMultiplier{1.0, 1000.0};
inline constexpr Range<double> kJitter{0.0, 1.0};
inline constexpr std::chrono::milliseconds kLeastMaxElapsed{1};
inline constexpr Range<std::uint32_t> kMaxParked{1, 1'000'000};
inline constexpr Range<std::uint32_t> kThrottleMessages{1, 1'000'000};
inline constexpr Range<std::chrono::milliseconds> kThrottlePer{std::chrono::milliseconds{1},
                                                               std::chrono::hours{24}};
inline constexpr Range<std::chrono::milliseconds> kFilterAge{std::chrono::milliseconds{1},
                                                             std::chrono::hours{24 * 366}};
inline constexpr Range<std::chrono::milliseconds> kInitialAge{std::chrono::milliseconds{1},
                                                              std::chrono::hours{24 * 366}};
inline constexpr std::size_t kLongestName = 249;

[[nodiscard]] inline std::string too_small(std::string_view option, std::string_view least,
                                           std::string_view value) {
  return std::string(option).append(" must be at least ").append(least).append(", is ").append(value);
}
[[nodiscard]] inline std::string too_large(std::string_view option, std::string_view most, std::string_view value) {
  return std::string(option).append(" must be at most ").append(most).append(", is ").append(value);
}

}  // namespace braid::routing
