#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace braid::routing {

// Safe to print on one line: control characters escaped, long text cut.
[[nodiscard]] std::string printable(std::string_view text);
// The same in single quotes.
[[nodiscard]] std::string quoted(std::string_view text);
// `a, b, c`.
[[nodiscard]] std::string joined(std::span<const std::string_view> words);

// `100ms`, `5s`, `2m`, `1h`, `0`: the largest unit that holds it in whole numbers.
[[nodiscard]] std::string to_text(std::chrono::milliseconds time);
// `64 MiB`, `1000 B`: the largest unit of 1,024 that holds it in whole numbers.
[[nodiscard]] std::string size_text(std::size_t bytes);
// `2`, `0.1`: as few digits as tell it from all other numbers.
[[nodiscard]] std::string number_text(double value);

// The candidate that a person most likely meant: the fewest edits away (a swap of neighbours is one), the first of
// equals; none if all are further than a third of the word's length.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view word,
                                                      std::span<const std::string_view> candidates);

// `; did you mean 'x'?` where there is a nearest one, else `; known: a, b, c`.
[[nodiscard]] std::string suggestion(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace braid::routing
