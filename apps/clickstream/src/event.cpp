#include "apps/clickstream/src/event.hpp"

#include "apps/clickstream/src/format.hpp"

#include <array>
#include <charconv>
#include <cstdio>

namespace clickstream {
namespace {

void append_text(std::string_view text, std::string& out) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  for (const char character : text) {
    if (character == '"') out += '"';
    out += character;
  }
  out += '"';
}

void append_number(std::uint64_t number, std::string& out) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

}  // namespace

std::string_view to_text(EventType type) noexcept {
  switch (type) {
    case EventType::view:
      return "view";
    case EventType::cart:
      return "cart";
    case EventType::remove_from_cart:
      return "remove_from_cart";
    case EventType::purchase:
      return "purchase";
  }
  return "unknown";
}

void write_event(const Event& event, std::string& out) {
  append_text(event.event_time_text, out);
  out += ',';
  out += to_text(event.event_type);
  out += ',';
  append_number(event.product_id, out);
  out += ',';
  append_number(event.category_id, out);
  out += ',';
  append_text(event.category_code, out);
  out += ',';
  append_text(event.brand, out);
  out += ',';
  out += plain_money(event.price_cents);
  out += ',';
  append_number(event.user_id, out);
  out += ',';
  append_text(event.user_session, out);
}

std::string format_time(std::int64_t seconds_since_epoch) {
  // Civil date from a count of days, counting years from March so that the leap day is a year's last day.
  constexpr std::int64_t seconds_a_day = 86'400;
  std::int64_t days = seconds_since_epoch / seconds_a_day;
  std::int64_t second = seconds_since_epoch % seconds_a_day;
  if (second < 0) {
    second += seconds_a_day;
    --days;
  }
  days += 719'468;  // From 0000-03-01 to 1970-01-01.
  const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const std::int64_t day_of_era = days - era * 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const std::int64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  const std::int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  const std::int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);

  std::array<char, 64> text;
  const int length =
      std::snprintf(text.data(), text.size(), "%04d-%02d-%02d %02d:%02d:%02d UTC", static_cast<int>(year),
                    static_cast<int>(month), static_cast<int>(day), static_cast<int>(second / 3600),
                    static_cast<int>(second / 60 % 60), static_cast<int>(second % 60));
  return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace clickstream
