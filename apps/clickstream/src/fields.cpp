#include "apps/clickstream/src/fields.hpp"

#include <algorithm>
#include <cstring>

namespace clickstream {
namespace {

std::string too_many() {
  return "has more than " + std::to_string(columns_max) + " columns";
}

std::string split_plain(std::string_view line, Fields& fields) {
  const char* begin = line.data();
  const char* const end = begin + line.size();
  while (true) {
    if (fields.count == columns_max) return too_many();
    const auto rest = static_cast<std::size_t>(end - begin);
    const char* const comma = rest == 0 ? nullptr : static_cast<const char*>(std::memchr(begin, ',', rest));
    const char* const field_end = comma == nullptr ? end : comma;
    fields.texts[fields.count++] = {begin, static_cast<std::size_t>(field_end - begin)};
    if (comma == nullptr) return {};
    begin = comma + 1;
  }
}

// The closing quote's place, or npos. A doubled quote stands for one quote and closes nothing.
std::size_t find_closing_quote(std::string_view line, std::size_t begin, bool& doubled) {
  std::size_t at = begin;
  while ((at = line.find('"', at)) != std::string_view::npos) {
    if (at + 1 >= line.size() || line[at + 1] != '"') return at;
    doubled = true;
    at += 2;
  }
  return at;
}

std::string_view append_unquoted(std::string_view text, std::string& unquoted) {
  const std::size_t begin = unquoted.size();
  for (std::size_t at = 0; at < text.size(); ++at) {
    unquoted += text[at];
    if (text[at] == '"') ++at;
  }
  return std::string_view(unquoted).substr(begin);
}

std::string split_quoted(std::string_view line, Fields& fields, std::string& unquoted) {
  unquoted.clear();
  unquoted.reserve(line.size());  // Never grows below, so that earlier fields' views stay valid.
  std::size_t begin = 0;
  while (true) {
    if (fields.count == columns_max) return too_many();
    std::size_t end;
    if (begin < line.size() && line[begin] == '"') {
      bool doubled = false;
      const std::size_t closing = find_closing_quote(line, begin + 1, doubled);
      const std::string where = "column " + std::to_string(fields.count + 1);
      if (closing == std::string_view::npos) return where + " has an opening quote but no closing one";
      end = closing + 1;
      if (end < line.size() && line[end] != ',') return where + " has text after its closing quote";
      const std::string_view text = line.substr(begin + 1, closing - begin - 1);
      fields.texts[fields.count++] = doubled ? append_unquoted(text, unquoted) : text;
    } else {
      end = std::min(line.find(',', begin), line.size());
      fields.texts[fields.count++] = line.substr(begin, end - begin);
    }
    if (end >= line.size()) return {};
    begin = end + 1;
  }
}

}  // namespace

std::string split_fields(std::string_view line, Fields& fields, std::string& unquoted) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  fields.count = 0;
  if (line.empty()) return "is empty";
  const bool quoted = std::memchr(line.data(), '"', line.size()) != nullptr;
  return quoted ? split_quoted(line, fields, unquoted) : split_plain(line, fields);
}

std::string shown(std::string_view text) {
  constexpr std::size_t length_max = 40;
  std::string result = "'";
  for (const char character : text.substr(0, length_max)) {
    const bool printable = character >= ' ' && character <= '~';
    result += printable ? character : '?';
  }
  return result + (text.size() > length_max ? "...'" : "'");
}

}  // namespace clickstream
