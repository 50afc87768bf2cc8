#include "runtime/configured_log.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>

namespace braid::runtime {

namespace {

using namespace std::chrono_literals;

engine::LogLevel level_of(LogLevel level) {
  return static_cast<engine::LogLevel>(level);
}

adapters::SpdlogOptions options_of(LogLevel level, const LogSettings& settings) {
  adapters::SpdlogOptions options{
      .level = level_of(level), .json = settings.form == LogSettings::Form::json, .logger = settings.logger};
  for (const auto& [area, own] : settings.areas) options.areas[area] = level_of(own);
  return options;
}

}  // namespace

ConfiguredLog::ConfiguredLog(LogLevel level, const LogSettings& settings)
    : written_(options_of(level, settings)),
      limited_(written_, {.most = settings.most_repeats, .within = settings.repeats_within}) {}

void check_log(const LogSettings& settings, std::vector<std::string>& problems) {
  for (const auto& [area, level] : settings.areas) {
    if (std::ranges::find(engine::kLogAreas, area) != engine::kLogAreas.end()) continue;
    problems.push_back(
        fmt::format("log.areas: there is no '{}'; take one of {}", area, fmt::join(engine::kLogAreas, ", ")));
  }
  const auto at_least = [&](const char* name, std::chrono::milliseconds value) {
    if (value >= 100ms) return;
    problems.push_back(fmt::format("log.{} must be at least 100 ms, is {} ms", name, value.count()));
  };
  at_least("repeats_within", settings.repeats_within);
  at_least("story_each", settings.story_each);
}

}  // namespace braid::runtime
