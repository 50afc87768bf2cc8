#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace braid::routing {

// A whole number in decimal, however long.
[[nodiscard]] bool is_whole_number(std::string_view text);

// `100ms`, `5s`, `2m`, `1h`, `0`, each with an optional '-'; nothing else, and nothing beyond a hundred years.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace braid::routing
