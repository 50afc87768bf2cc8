#include "adapters/log/spdlog_log.hpp"

#include "adapters/log/json_line.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace braid::adapters {
namespace {

spdlog::level::level_enum to_spdlog(engine::LogLevel level) {
  switch (level) {
    case engine::LogLevel::trace:
      return spdlog::level::trace;
    case engine::LogLevel::debug:
      return spdlog::level::debug;
    case engine::LogLevel::info:
      return spdlog::level::info;
    case engine::LogLevel::warning:
      return spdlog::level::warn;
    case engine::LogLevel::error:
      return spdlog::level::err;
    case engine::LogLevel::off:
      break;
  }
  return spdlog::level::off;
}

engine::LogLevel from_spdlog(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
      return engine::LogLevel::trace;
    case spdlog::level::debug:
      return engine::LogLevel::debug;
    case spdlog::level::info:
      return engine::LogLevel::info;
    case spdlog::level::warn:
      return engine::LogLevel::warning;
    default:
      return engine::LogLevel::error;
  }
}

// Lets everything pass: who writes to it has levels of areas.
std::shared_ptr<spdlog::logger> make_stderr_logger(const std::string& name, bool json) {
  auto logger = std::make_shared<spdlog::logger>(name, std::make_shared<spdlog::sinks::stderr_sink_mt>());
  const char* const text = name.empty() ? "%Y-%m-%d %H:%M:%S.%e %l %v" : "%Y-%m-%d %H:%M:%S.%e %n %l %v";
  logger->set_pattern(json ? "%v" : text);
  logger->set_level(spdlog::level::trace);
  logger->flush_on(spdlog::level::trace);
  return logger;
}

}  // namespace

SpdlogLog::SpdlogLog(engine::LogLevel level, std::string name)
    : SpdlogLog(SpdlogOptions{.level = level, .name = std::move(name)}) {}

SpdlogLog::SpdlogLog(std::shared_ptr<spdlog::logger> logger, engine::LogLevel level)
    : SpdlogLog(SpdlogOptions{.level = level, .logger = std::move(logger)}) {}

SpdlogLog::SpdlogLog(SpdlogOptions options)
    : logger_(options.logger ? std::move(options.logger) : make_stderr_logger(options.name, options.json)),
      json_(options.json),
      level_(options.level) {
  engine::LogLevel least = options.level;
  for (std::size_t i = 0; i < areas_.size(); ++i) {
    const auto own = options.areas.find(std::string(engine::kLogAreas[i]));
    const engine::LogLevel level = own == options.areas.end() ? options.level : own->second;
    areas_[i].store(level, std::memory_order_relaxed);
    least = std::min(least, level);
  }
  least_.store(least, std::memory_order_relaxed);
}

void SpdlogLog::set_level(engine::LogLevel level) {
  level_.store(level, std::memory_order_relaxed);
  for (auto& area : areas_) area.store(level, std::memory_order_relaxed);
  least_.store(level, std::memory_order_relaxed);
}

bool SpdlogLog::enabled(engine::LogLevel level) const {
  return level != engine::LogLevel::off && level >= least_.load(std::memory_order_relaxed) &&
         logger_->should_log(to_spdlog(level));
}

bool SpdlogLog::writes(engine::LogLevel level, std::string_view area) const {
  if (!enabled(level)) return false;
  for (std::size_t i = 0; i < areas_.size(); ++i) {
    if (engine::kLogAreas[i] == area) return level >= areas_[i].load(std::memory_order_relaxed);
  }
  return level >= level_.load(std::memory_order_relaxed);
}

void SpdlogLog::write(engine::LogLevel level, std::string_view area, std::string_view text) {
  write_fields(level, area, text, {});
}

void SpdlogLog::write_fields(engine::LogLevel level, std::string_view area, std::string_view text,
                             std::span<const engine::LogField> fields) {
  if (writes(level, area)) hand_over(level, area, text, fields);
}

void SpdlogLog::write_always(std::string_view area, std::string_view text) const {
  if (least_.load(std::memory_order_relaxed) == engine::LogLevel::off) return;
  const bool passes = logger_->should_log(spdlog::level::info);
  hand_over(passes ? engine::LogLevel::info : from_spdlog(logger_->level()), area, text, {});
}

void SpdlogLog::hand_over(engine::LogLevel level, std::string_view area, std::string_view text,
                          std::span<const engine::LogField> fields) const {
  if (json_) {
    logger_->log(to_spdlog(level), "{}", to_json(std::chrono::system_clock::now(), level, area, text, fields));
  } else {
    logger_->log(to_spdlog(level), "[{}] {}", area, text);
  }
}

}  // namespace braid::adapters
