#include "adapters/log/json_line.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <variant>

namespace braid::adapters {

namespace {

std::string_view name_of(engine::LogLevel level) {
  switch (level) {
    case engine::LogLevel::trace:
      return "trace";
    case engine::LogLevel::debug:
      return "debug";
    case engine::LogLevel::info:
      return "info";
    case engine::LogLevel::warning:
      return "warning";
    case engine::LogLevel::error:
      return "error";
    case engine::LogLevel::off:
      break;
  }
  return "off";
}

std::string utc(std::chrono::system_clock::time_point time) {
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(time);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(milliseconds);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
                     (milliseconds - seconds).count());
}

boost::json::string string_of(std::string_view text) {
  return boost::json::string(text.data(), text.size());
}

}  // namespace

std::string to_json(std::chrono::system_clock::time_point time, engine::LogLevel level, std::string_view area,
                    std::string_view text, std::span<const engine::LogField> fields) {
  boost::json::object line;
  line["time"] = utc(time);
  line["level"] = string_of(name_of(level));
  line["area"] = string_of(area);
  line["text"] = string_of(text);
  for (const engine::LogField& field : fields) {
    boost::json::value& value = line[{field.name.data(), field.name.size()}];
    std::visit([&](const auto& known) { value = known; }, field.value);
  }
  return boost::json::serialize(line);
}

}  // namespace braid::adapters
