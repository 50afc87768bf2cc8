#include "apps/clickstream/src/columns.hpp"

#include "apps/clickstream/src/fields.hpp"

#include <string>

namespace clickstream {
namespace {

constexpr std::array<std::string_view, column_count> names{"event_time",  "event_type",    "product_id",
                                                           "category_id", "category_code", "brand",
                                                           "price",       "user_id",       "user_session"};

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

}  // namespace

std::string_view to_text(Column column) noexcept {
  return names[static_cast<std::size_t>(column)];
}

Parsed<Columns> parse_header(std::string_view line) {
  if (line.starts_with(byte_order_mark)) line.remove_prefix(byte_order_mark.size());
  Fields fields;
  std::string unquoted;
  if (std::string problem = split_fields(line, fields, unquoted); !problem.empty()) {
    return Malformed{"the header is malformed: " + problem};
  }

  Columns columns;
  columns.in_file = fields.count;
  std::string missing;
  for (std::size_t column = 0; column < column_count; ++column) {
    bool found = false;
    for (std::size_t place = 0; place < fields.count; ++place) {
      if (fields.texts[place] != names[column]) continue;
      if (found) return Malformed{"the header has the column " + std::string(names[column]) + " twice"};
      found = true;
      columns.places[column] = static_cast<std::uint8_t>(place);
    }
    if (!found) missing += (missing.empty() ? "" : ", ") + std::string(names[column]);
  }
  if (!missing.empty()) return Malformed{"the header lacks the column " + missing};
  return columns;
}

}  // namespace clickstream
