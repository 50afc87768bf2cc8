#pragma once

#include <cstdint>
#include <string>

namespace clickstream {

/// 1234567 as "1,234,567".
std::string with_thousands(std::uint64_t number);

/// 123456 cents as "1,234.56", for people.
std::string money(std::int64_t cents);

/// 123456 cents as "1234.56", for scripts and files.
std::string plain_money(std::int64_t cents);

/// A number with a fixed count of decimals (0 to 9): fixed(2.345, 1) is "2.3".
std::string fixed(double number, int decimals);

/// part of whole in per cent with one decimal: "4.2 %"; "-" if whole is 0.
std::string percent(std::uint64_t part, std::uint64_t whole);

}  // namespace clickstream
