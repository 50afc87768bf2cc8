#pragma once

#include "broker.hpp"

#include <braid/settings.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <vector>

// What benchmarks of an application have in common, which runs until it has read so many messages.

namespace braid::benchmarks {

// Of an application that reads from the broker and says nothing but errors.
[[nodiscard]] Settings settings_for(const Broker& broker, std::uint32_t concurrency);

// Seconds from the first message, as its consumers count them, to so many. Throws std::runtime_error where they do
// not come, for 10 minutes.
[[nodiscard]] double seconds_to_read(const std::atomic<std::uint64_t>& messages, std::uint64_t count);

// By the rows' rate. Requires one.
template <class Row>
[[nodiscard]] Row median_by_rate(std::vector<Row> rows) {
  std::ranges::sort(rows, {}, &Row::rate);
  return rows[rows.size() / 2];
}

}  // namespace braid::benchmarks
