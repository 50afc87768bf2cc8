#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace braid::metrics {

enum class Kind : std::uint8_t { counter, gauge, histogram };

// One metric, as Prometheus and docs/metrics.md tell of it.
struct MetricText {
  std::string_view name;  // with its unit, in base units; _total of counters
  Kind kind = Kind::counter;
  std::string_view labels;  // their names, apart by ", "
  std::string_view help;
};

// All there are, in the order of the page.
[[nodiscard]] std::span<const MetricText> catalogue();
// Throws std::logic_error for a name that is not in it.
[[nodiscard]] const MetricText& text_of(std::string_view name);
[[nodiscard]] std::string_view name_of(Kind kind);

}  // namespace braid::metrics
