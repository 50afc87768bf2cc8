#pragma once

#include "apps/clickstream/src/columns.hpp"
#include "apps/clickstream/src/event.hpp"
#include "apps/clickstream/src/parsed.hpp"

#include <string>
#include <string_view>

namespace clickstream {

/// Reads events from lines of one column order.
/// Thread: one at a time. A consumer object that lives as long as its virtual partition keeps one of its own.
class EventParser {
 public:
  explicit EventParser(Columns columns = {}) : columns_(columns) {}

  /// The event of a line (with or without a carriage return at its end, without the line feed), or why there is
  /// none. The event's texts hold as long as the line does and until the next call. Allocates nothing for a whole
  /// line, but for fields with doubled quotes. Not on a temporary parser, which would take unquoted texts with it.
  Parsed<Event> parse(std::string_view line) &;

  const Columns& columns() const noexcept { return columns_; }

 private:
  Columns columns_;
  std::string unquoted_;
};

/// The time in seconds since the epoch; malformed unless it is "YYYY-MM-DD HH:MM:SS UTC" and exists.
Parsed<std::int64_t> parse_time(std::string_view text);

/// The amount in cents: digits, up to 999,999,999, with at most two decimals that count (further ones must be 0)
/// and a minus sign for a refund.
Parsed<std::int64_t> parse_price(std::string_view text);

}  // namespace clickstream
