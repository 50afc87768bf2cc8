#include "command_json.hpp"

#include "json_text.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <array>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace braid::ops {

namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 8> kNames{"quiet",     "pause", "resume",         "concurrency",
                                                 "log-level", "seek",  "release-parked", "dead-letter-parked"};
constexpr std::int64_t kLongestMs = 366LL * 24 * 3600 * 1000;

struct Refused {
  std::string why;
};

std::string name_in_quotes(std::string_view name) {
  return "`" + std::string(name) + "`";
}

// The fields of a command's object, each of which must be asked for: what nobody has asked for is a mistake of the
// sender's, who else would think that it counts.
class Fields {
 public:
  explicit Fields(const json::object& object) : object_(object) {}

  const json::value* find(std::string_view name) {
    asked_.emplace(name);
    const json::value* value = object_.if_contains(name);
    return value == nullptr || value->is_null() ? nullptr : value;
  }
  std::optional<std::int64_t> number(std::string_view name, std::int64_t least, std::int64_t most) {
    const json::value* value = find(name);
    if (value == nullptr) return std::nullopt;
    const auto refuse = [&]() -> Refused {
      return {name_in_quotes(name) + " is a whole number from " + std::to_string(least) + " to " +
              std::to_string(most)};
    };
    if (value->is_uint64() && value->get_uint64() > static_cast<std::uint64_t>(most)) throw refuse();
    if (!value->is_int64() || value->get_int64() < least || value->get_int64() > most) throw refuse();
    return value->get_int64();
  }
  std::optional<std::string> text(std::string_view name) {
    const json::value* value = find(name);
    if (value == nullptr) return std::nullopt;
    const bool good = value->is_string() && !value->get_string().empty() && value->get_string().size() <= 1000;
    if (!good) throw Refused{name_in_quotes(name) + " is a text that is not empty"};
    return std::string(value->get_string());
  }
  void require_known() const {
    for (const auto& field : object_) {
      if (!asked_.contains(std::string_view(field.key()))) {
        throw Refused{name_in_quotes(field.key()) + " is no field of this command"};
      }
    }
  }

 private:
  const json::object& object_;
  std::set<std::string, std::less<>> asked_;
};

PartitionChoice choice_of(Fields& fields) {
  PartitionChoice choice;
  auto topic = fields.text("topic");
  if (!topic) throw Refused{"`topic` is missing: the name of the topic that is meant"};
  choice.topic = std::move(*topic);
  if (const auto partition = fields.number("partition", 0, std::numeric_limits<std::int32_t>::max())) {
    choice.partition = static_cast<std::int32_t>(*partition);
  }
  choice.consumer_group = fields.text("consumer_group");
  return choice;
}

LogLevel level_of(const std::optional<std::string>& name) {
  static constexpr std::array<std::pair<std::string_view, LogLevel>, 6> kLevels{{{"trace", LogLevel::trace},
                                                                                 {"debug", LogLevel::debug},
                                                                                 {"info", LogLevel::info},
                                                                                 {"warning", LogLevel::warning},
                                                                                 {"error", LogLevel::error},
                                                                                 {"off", LogLevel::off}}};
  for (const auto& [known, level] : kLevels) {
    if (name == known) return level;
  }
  throw Refused{"`level` is one of trace, debug, info, warning, error, off"};
}

Seek seek_of(Fields& fields) {
  Seek seek{.choice = choice_of(fields)};
  const auto to = fields.text("to");
  const auto offset = fields.number("offset", 0, std::numeric_limits<std::int64_t>::max());
  const auto time = fields.number("time_ms", 0, std::numeric_limits<std::int64_t>::max() / 1'000'000);
  if (int{to.has_value()} + int{offset.has_value()} + int{time.has_value()} != 1) {
    throw Refused{"a seek has one target: `to` (earliest or latest), `offset`, or `time_ms` (since 1970)"};
  }
  if (offset) {
    if (!seek.choice.partition) throw Refused{"`partition` is missing: an offset means nothing without it"};
    seek.to = Seek::To::offset;
    seek.offset = *offset;
  } else if (time) {
    seek.to = Seek::To::time;
    seek.time = std::chrono::milliseconds(*time);
  } else if (*to == "earliest" || *to == "latest") {
    seek.to = *to == "earliest" ? Seek::To::earliest : Seek::To::latest;
  } else {
    throw Refused{"`to` is earliest or latest"};
  }
  return seek;
}

Command command_of(std::string_view name, Fields& fields) {
  if (name == "quiet") return Quiet{};
  if (name == "resume") return Resume{choice_of(fields)};
  if (name == "seek") return seek_of(fields);
  if (name == "release-parked") return ReleaseParked{choice_of(fields)};
  if (name == "dead-letter-parked") return DeadLetterParked{choice_of(fields)};
  if (name == "log-level") return SetLogLevel{level_of(fields.text("level"))};
  if (name == "concurrency") {
    const auto workers = fields.number("workers", 1, 10'000);
    if (!workers) throw Refused{"`workers` is missing: how many there are to be, 1 to 10000"};
    return SetConcurrency{static_cast<std::uint32_t>(*workers)};
  }
  Pause pause{.choice = choice_of(fields)};
  if (const auto duration = fields.number("for_ms", 1, kLongestMs)) {
    pause.duration = std::chrono::milliseconds(*duration);
  }
  return pause;
}

}  // namespace

std::span<const std::string_view> command_names() {
  return kNames;
}

Result<Command> parse_command(std::string_view name, std::string_view body) {
  json::error_code failure;
  // Nothing of ours is nested.
  json::parse_options options;
  options.max_depth = 4;
  const json::value value = json::parse(body.empty() ? std::string_view("{}") : body, failure, {}, options);
  if (failure) return Error(Error::Kind::invalid_setting, "the body is no JSON: " + failure.message());
  if (!value.is_object()) return Error(Error::Kind::invalid_setting, "the body is no JSON object");
  try {
    Fields fields(value.get_object());
    Command command = command_of(name, fields);
    fields.require_known();
    return command;
  } catch (const Refused& refused) {
    return Error(Error::Kind::invalid_setting, refused.why);
  }
}

Response command_answer(const Result<std::string>& outcome) {
  if (outcome) return json_answer("{\"done\":" + json_string(outcome.value()) + "}\n");
  const Error& error = outcome.error();
  switch (error.kind()) {
    case Error::Kind::invalid_setting:
      return refusal(400, "bad_command", error.text());
    case Error::Kind::unknown_topic:
      return refusal(404, "unknown_partition", error.text());
    case Error::Kind::closed:
      return refusal(409, "not_running", error.text());
    case Error::Kind::timed_out:
      return refusal(504, "timed_out", error.text());
    default:
      return refusal(409, "refused", error.text());
  }
}

}  // namespace braid::ops
