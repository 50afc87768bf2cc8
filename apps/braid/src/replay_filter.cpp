#include "apps/braid/src/replay_filter.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace braid::app {
namespace {

bool matches(const Letter& letter, const Origin& origin, const ReplayFilter& filter) {
  if (filter.original_topic && origin.topic != *filter.original_topic) return false;
  if (filter.error_type && origin.error_type != *filter.error_type) return false;
  if (filter.key && (!letter.key || *letter.key != *filter.key)) return false;
  if (!filter.since && !filter.until) return true;
  if (!origin.last_failure) return false;
  return (!filter.since || *origin.last_failure >= *filter.since) &&
         (!filter.until || *origin.last_failure < *filter.until);
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<std::int64_t> whole(std::string_view text) {
  std::int64_t value = 0;
  if (!all_digits(text)) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} ? std::optional(value) : std::nullopt;
}

// `hh:mm` or `hh:mm:ss`.
std::optional<std::chrono::seconds> time_of_day(std::string_view text) {
  if (text.size() != 5 && text.size() != 8) return std::nullopt;
  if (text[2] != ':' || (text.size() == 8 && text[5] != ':')) return std::nullopt;
  const auto hours = whole(text.substr(0, 2));
  const auto minutes = whole(text.substr(3, 2));
  const auto seconds = text.size() == 8 ? whole(text.substr(6, 2)) : std::optional<std::int64_t>(0);
  if (!hours || !minutes || !seconds || *hours > 23 || *minutes > 59 || *seconds > 59) return std::nullopt;
  return std::chrono::hours{*hours} + std::chrono::minutes{*minutes} + std::chrono::seconds{*seconds};
}

std::optional<Time> calendar_time(std::string_view text) {
  constexpr std::size_t kDate = 10;  // yyyy-mm-dd
  if (text.size() < kDate || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = whole(text.substr(0, 4));
  const auto month = whole(text.substr(5, 2));
  const auto day = whole(text.substr(8, 2));
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(*year)},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  const Time midnight{std::chrono::sys_days{date}};
  if (text.size() == kDate) return midnight;
  std::string_view rest = text.substr(kDate);
  if (rest.front() != 'T' && rest.front() != ' ') return std::nullopt;
  rest.remove_prefix(1);
  if (rest.ends_with('Z')) rest.remove_suffix(1);
  const auto within = time_of_day(rest);
  return within ? std::optional(midnight + *within) : std::nullopt;
}

std::optional<Time> ago(std::string_view text, Time now) {
  struct Unit {
    char name;
    std::int64_t seconds;
  };
  static constexpr std::array kUnits{Unit{'s', 1}, Unit{'m', 60}, Unit{'h', 3600}, Unit{'d', 86'400}};
  constexpr std::int64_t kMost = 100'000'000;  // in any unit; three years of seconds
  if (text.size() < 2) return std::nullopt;
  const auto unit =
      std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& each) { return each.name == text.back(); });
  const auto count = whole(text.substr(0, text.size() - 1));
  if (unit == kUnits.end() || !count || *count > kMost) return std::nullopt;
  return now - std::chrono::seconds{*count * unit->seconds};
}

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::replay:
      return "is sent back";
    case Verdict::no_dead_letter:
      return "has not the headers of a dead letter";
    case Verdict::unmatched:
      return "does not match";
    case Verdict::too_often:
      return "was sent back too often already";
    case Verdict::circle:
      return "would go to the topic that it is in";
  }
  return "?";
}

Verdict verdict_of(const Letter& letter, const std::optional<Origin>& origin, const ReplayRules& rules) {
  if (!origin) return Verdict::no_dead_letter;
  if (!matches(letter, *origin, rules.filter)) return Verdict::unmatched;
  const std::string_view to = rules.destination.topic.empty() ? origin->topic : rules.destination.topic;
  if (to == rules.dead_letter_topic) return Verdict::circle;
  return origin->replays >= rules.max_replays ? Verdict::too_often : Verdict::replay;
}

std::optional<Time> parse_time(std::string_view text, Time now) {
  if (const auto milliseconds = whole(text)) return Time{std::chrono::milliseconds{*milliseconds}};
  if (const auto time = ago(text, now)) return time;
  return calendar_time(text);
}

}  // namespace braid::app
