#pragma once

#include "engine/ports/field_log.hpp"

#include <chrono>
#include <span>
#include <string>
#include <string_view>

namespace braid::adapters {

// A line of a log as a JSON object on one line: time (UTC, with milliseconds), level, area, text; then the fields.
// Thread: any.
[[nodiscard]] std::string to_json(std::chrono::system_clock::time_point time, engine::LogLevel level,
                                  std::string_view area, std::string_view text,
                                  std::span<const engine::LogField> fields);

}  // namespace braid::adapters
