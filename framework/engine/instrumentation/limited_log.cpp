#include "engine/instrumentation/limited_log.hpp"

#include <fmt/format.h>

#include <vector>

namespace braid::engine {

void LimitedLog::write(LogLevel level, std::string_view area, std::string_view text) {
  if (admit(level, area, text)) log_.write(level, area, text);
}

bool LimitedLog::admit(LogLevel level, std::string_view area, std::string_view text) {
  if (!enabled(level)) return false;
  if (level <= LogLevel::debug) return true;
  bool admitted = false;
  std::vector<core::RepeatLimit::LeftOut> left_out;
  {
    const std::lock_guard lock(mutex_);
    const Time now = now_();
    left_out = limit_.take_left_out(now);
    admitted = limit_.admit(area, text, now);
  }
  for (const auto& each : left_out) {
    log_.write(
        LogLevel::warning, each.area,
        fmt::format("{} lines were left out that differ in numbers alone; the last: {}", each.lines, each.last));
  }
  return admitted;
}

}  // namespace braid::engine
