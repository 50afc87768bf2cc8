#pragma once

#include "apps/clickstream/src/parsed.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace clickstream {

/// The data set's columns, in their standard order.
enum class Column : std::uint8_t {
  event_time,
  event_type,
  product_id,
  category_id,
  category_code,
  brand,
  price,
  user_id,
  user_session
};

inline constexpr std::size_t column_count = 9;

/// Other columns of a file are ignored, as long as there are no more than this in all.
inline constexpr std::size_t columns_max = 32;

/// The header of a file in the standard order, without a line end.
inline constexpr std::string_view standard_header =
    "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session";

std::string_view to_text(Column column) noexcept;

/// Where each column stands in a file.
/// Thread: a plain value; whoever holds it.
struct Columns {
  std::array<std::uint8_t, column_count> places{0, 1, 2, 3, 4, 5, 6, 7, 8};
  std::size_t in_file = column_count;  ///< How many columns each line has.

  std::size_t place(Column column) const noexcept { return places[static_cast<std::size_t>(column)]; }

  /// Whether lines can be taken as they are where the standard order is expected.
  bool standard() const noexcept { return *this == Columns{}; }

  bool operator==(const Columns&) const = default;
};

/// Maps the columns by their names in the header line, which may have a byte order mark, quoted names, a carriage
/// return at its end, and any order. Malformed if a column is missing (all missing ones are named) or there twice.
Parsed<Columns> parse_header(std::string_view line);

}  // namespace clickstream
