#include "scalars.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <system_error>

namespace braid::routing {

bool is_whole_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    std::int64_t milliseconds;
  };
  static constexpr std::array kUnits{Unit{"ms", 1}, Unit{"s", 1000}, Unit{"m", 60'000}, Unit{"h", 3'600'000}};
  constexpr std::int64_t kMost = std::int64_t{100} * 366 * 24 * 3'600'000;

  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{}) return std::nullopt;
  const std::string_view name(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (count == 0 && name.empty()) return std::chrono::milliseconds{0};
  const auto unit = std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& each) { return each.name == name; });
  if (unit == kUnits.end()) return std::nullopt;
  if (count > kMost / unit->milliseconds || count < -kMost / unit->milliseconds) return std::nullopt;
  return std::chrono::milliseconds{count * unit->milliseconds};
}

std::optional<std::size_t> parse_size(std::string_view text) {
  struct Unit {
    std::string_view name;
    std::size_t bytes;
  };
  static constexpr std::array kUnits{Unit{"", 1},
                                     Unit{"B", 1},
                                     Unit{"kB", 1'000},
                                     Unit{"KB", 1'000},
                                     Unit{"MB", 1'000'000},
                                     Unit{"GB", 1'000'000'000},
                                     Unit{"TB", 1'000'000'000'000},
                                     Unit{"KiB", std::size_t{1} << 10},
                                     Unit{"MiB", std::size_t{1} << 20},
                                     Unit{"GiB", std::size_t{1} << 30},
                                     Unit{"TiB", std::size_t{1} << 40}};

  std::size_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{}) return std::nullopt;
  std::string_view name(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (name.size() > 1 && name.front() == ' ') name.remove_prefix(1);
  const auto unit = std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& each) { return each.name == name; });
  if (unit == kUnits.end() || count > std::numeric_limits<std::size_t>::max() / unit->bytes) return std::nullopt;
  return count * unit->bytes;
}

std::optional<double> parse_real(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  // `inf` and `nan` are read too, and are no settings.
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<bool> parse_bool(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

}  // namespace braid::routing
