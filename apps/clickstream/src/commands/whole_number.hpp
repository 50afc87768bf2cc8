#pragma once

#include <CLI/CLI.hpp>

#include <charconv>
#include <cstdint>
#include <string>
#include <system_error>

namespace clickstream {

/// A check for an option: a whole number from `least` to `most`. CLI11 itself takes -5 for a huge number and
/// cuts what is too large.
inline CLI::Validator whole_number(std::uint64_t least, std::uint64_t most) {
  const std::string range = std::to_string(least) + " to " + std::to_string(most);
  return CLI::Validator(
      [=](const std::string& text) -> std::string {
        const char* const end = text.data() + text.size();
        std::uint64_t number = 0;
        const auto [stop, error] = std::from_chars(text.data(), end, number);
        const bool read = error == std::errc{} && stop == end;
        const bool within = read && number >= least && number <= most;
        return within ? "" : "must be a whole number from " + range + ", is '" + text + "'";
      },
      range);
}

}  // namespace clickstream
