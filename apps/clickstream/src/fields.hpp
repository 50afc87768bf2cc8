#pragma once

#include "apps/clickstream/src/columns.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace clickstream {

/// The fields of one line, unquoted.
/// Thread: a plain value; whoever holds it.
struct Fields {
  std::array<std::string_view, columns_max> texts;  ///< Valid up to count.
  std::size_t count = 0;
};

/// Splits a line at its commas by RFC 4180, except that a quoted field can't hold a line end; a carriage return at
/// the line's end is dropped. The texts point into the line or, for a field with doubled quotes, into `unquoted`,
/// which is overwritten. Returns what is wrong with the line, or an empty text. Allocates only for doubled quotes
/// and problems.
std::string split_fields(std::string_view line, Fields& fields, std::string& unquoted);

/// A piece of input made fit for a message: in quotes, cut to 40 bytes, unprintable bytes replaced, since it may go
/// to a terminal.
std::string shown(std::string_view text);

}  // namespace clickstream
