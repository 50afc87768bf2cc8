#include "apps/clickstream/src/event_parser.hpp"

#include "apps/clickstream/src/fields.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>

namespace clickstream {
namespace {

Malformed problem(Column column, std::string_view what, std::string_view text) {
  std::string reason(to_text(column));
  reason.append(" ").append(what).append(": ").append(shown(text));
  return {std::move(reason)};
}

bool is_digit(char character) {
  return character >= '0' && character <= '9';
}

// Two digits, or -1: combinations of -1 stay negative or too large, but each is checked for itself below anyway.
int two_digits(std::string_view text, std::size_t at) {
  if (!is_digit(text[at]) || !is_digit(text[at + 1])) return -1;
  return (text[at] - '0') * 10 + (text[at + 1] - '0');
}

bool is_leap(int year) {
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int days_in(int year, int month) {
  constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

// Days from 1970-01-01, counting years from March so that the leap day is a year's last day.
std::int64_t days_since_epoch(int year, int month, int day) {
  const std::int64_t from_march = month <= 2 ? year - 1 : year;
  const std::int64_t era = (from_march >= 0 ? from_march : from_march - 399) / 400;
  const std::int64_t year_of_era = from_march - era * 400;
  const std::int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const std::int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

std::optional<std::int64_t> read_time(std::string_view text) {
  constexpr std::string_view shape = "dddd-dd-dd dd:dd:dd UTC";
  if (text.size() != shape.size()) return std::nullopt;
  for (std::size_t at = 0; at < shape.size(); ++at) {
    if (shape[at] == 'd' ? !is_digit(text[at]) : text[at] != shape[at]) return std::nullopt;
  }
  const int year = two_digits(text, 0) * 100 + two_digits(text, 2);
  const int month = two_digits(text, 5);
  const int day = two_digits(text, 8);
  const int hour = two_digits(text, 11);
  const int minute = two_digits(text, 14);
  const int second = two_digits(text, 17);
  if (month < 1 || month > 12 || day < 1 || day > days_in(year, month)) return std::nullopt;
  if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
  return days_since_epoch(year, month, day) * 86'400 + hour * 3'600 + minute * 60 + second;
}

std::optional<std::int64_t> read_price(std::string_view text) {
  constexpr std::size_t whole_digits_max = 9;  // Sums of many prices then stay far from the limit of 64 bits.
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const std::size_t point = std::min(text.find('.'), text.size());
  if (point == 0 || point > whole_digits_max || point + 1 == text.size()) return std::nullopt;

  std::int64_t cents = 0;
  for (std::size_t at = 0; at < point; ++at) {
    if (!is_digit(text[at])) return std::nullopt;
    cents = cents * 10 + (text[at] - '0');
  }
  cents *= 100;
  std::int64_t worth = 10;
  for (std::size_t at = point + 1; at < text.size(); ++at, worth /= 10) {
    if (!is_digit(text[at]) || (worth == 0 && text[at] != '0')) return std::nullopt;
    cents += (text[at] - '0') * worth;
  }
  return negative ? -cents : cents;
}

std::optional<EventType> read_type(std::string_view text) {
  for (const EventType type :
       {EventType::view, EventType::cart, EventType::remove_from_cart, EventType::purchase}) {
    if (text == to_text(type)) return type;
  }
  return std::nullopt;
}

bool read_number(std::string_view text, std::uint64_t& number) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && stop == end;
}

constexpr std::string_view time_problem = "is not a time as in '2019-10-01 00:00:00 UTC'";
constexpr std::string_view price_problem = "is not an amount as in '12.34'";

}  // namespace

Parsed<std::int64_t> parse_time(std::string_view text) {
  if (const auto time = read_time(text)) return *time;
  return problem(Column::event_time, time_problem, text);
}

Parsed<std::int64_t> parse_price(std::string_view text) {
  if (const auto cents = read_price(text)) return *cents;
  return problem(Column::price, price_problem, text);
}

Parsed<Event> EventParser::parse(std::string_view line) & {
  Fields fields;
  if (std::string wrong = split_fields(line, fields, unquoted_); !wrong.empty()) return Malformed{std::move(wrong)};
  if (fields.count != columns_.in_file) {
    return Malformed{"has " + std::to_string(fields.count) + (fields.count == 1 ? " column" : " columns") +
                     ", expected " + std::to_string(columns_.in_file)};
  }
  const auto field = [&](Column column) { return fields.texts[columns_.place(column)]; };

  Event event;
  event.event_time_text = field(Column::event_time);
  const auto time = read_time(event.event_time_text);
  if (!time) return problem(Column::event_time, time_problem, event.event_time_text);
  event.event_time = *time;

  const auto type = read_type(field(Column::event_type));
  if (!type) {
    return problem(Column::event_type, "is none of view, cart, remove_from_cart, purchase",
                   field(Column::event_type));
  }
  event.event_type = *type;

  const auto cents = read_price(field(Column::price));
  if (!cents) return problem(Column::price, price_problem, field(Column::price));
  event.price_cents = *cents;

  const auto number = [&](Column column, std::uint64_t& value) { return read_number(field(column), value); };
  constexpr std::string_view number_problem = "is not a whole number";
  if (!number(Column::product_id, event.product_id)) {
    return problem(Column::product_id, number_problem, field(Column::product_id));
  }
  if (!number(Column::category_id, event.category_id)) {
    return problem(Column::category_id, number_problem, field(Column::category_id));
  }
  if (!number(Column::user_id, event.user_id)) {
    return problem(Column::user_id, number_problem, field(Column::user_id));
  }

  event.category_code = field(Column::category_code);
  event.brand = field(Column::brand);
  event.user_session = field(Column::user_session);
  if (event.user_session.empty()) return Malformed{"user_session is empty"};
  return event;
}

}  // namespace clickstream
