#include "apps/clickstream/src/format.hpp"

#include <array>
#include <cstdio>

namespace clickstream {
namespace {

struct Money {
  const char* sign;
  std::uint64_t whole;
  std::string cents;
};

Money split(std::int64_t cents) {
  // Negated as unsigned, since the least number has no positive counterpart.
  const auto amount = cents < 0 ? 0 - static_cast<std::uint64_t>(cents) : static_cast<std::uint64_t>(cents);
  const auto rest = static_cast<unsigned>(amount % 100);
  return {
      cents < 0 ? "-" : "", amount / 100, {static_cast<char>('0' + rest / 10), static_cast<char>('0' + rest % 10)}};
}

}  // namespace

std::string with_thousands(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string text;
  for (std::size_t index = 0; index < digits.size(); ++index) {
    if (index > 0 && (digits.size() - index) % 3 == 0) text += ',';
    text += digits[index];
  }
  return text;
}

std::string money(std::int64_t cents) {
  const Money parts = split(cents);
  return parts.sign + with_thousands(parts.whole) + "." + parts.cents;
}

std::string plain_money(std::int64_t cents) {
  const Money parts = split(cents);
  return parts.sign + std::to_string(parts.whole) + "." + parts.cents;
}

std::string fixed(double number, int decimals) {
  std::array<char, 400> text;
  const int length = std::snprintf(text.data(), text.size(), "%.*f", decimals, number);
  return {text.data(), static_cast<std::size_t>(length)};
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "-";
  return fixed(100.0 * static_cast<double>(part) / static_cast<double>(whole), 1) + " %";
}

}  // namespace clickstream
