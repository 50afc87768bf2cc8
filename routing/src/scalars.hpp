#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

namespace braid::routing {

// A whole number in decimal, however long.
[[nodiscard]] bool is_whole_number(std::string_view text);

// `100ms`, `5s`, `2m`, `1h`, `0`, each with an optional '-'; nothing else, and nothing beyond a hundred years.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

// Bytes: `67108864`, `64 MiB`, `64MiB`, `64MB`; units B, kB (or KB), MB, GB, TB, KiB, MiB, GiB, TiB. Nothing else,
// and nothing that a size_t does not hold.
[[nodiscard]] std::optional<std::size_t> parse_size(std::string_view text);

// A decimal number: `2`, `0.1`, `-1`, `1e3`. Nothing else, and nothing that a double does not hold.
[[nodiscard]] std::optional<double> parse_real(std::string_view text);

// `true` or `false`.
[[nodiscard]] std::optional<bool> parse_bool(std::string_view text);

}  // namespace braid::routing
