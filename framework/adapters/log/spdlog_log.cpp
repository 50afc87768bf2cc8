#include "adapters/log/spdlog_log.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>

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

std::shared_ptr<spdlog::logger> make_stderr_logger(engine::LogLevel level, std::string name) {
  auto logger = std::make_shared<spdlog::logger>(name, std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern(name.empty() ? "%Y-%m-%d %H:%M:%S.%e %l %v" : "%Y-%m-%d %H:%M:%S.%e %n %l %v");
  logger->set_level(to_spdlog(level));
  logger->flush_on(spdlog::level::trace);
  return logger;
}

}  // namespace

SpdlogLog::SpdlogLog(engine::LogLevel level, std::string name)
    : logger_(make_stderr_logger(level, std::move(name))), own_logger_(true), level_(level) {}

SpdlogLog::SpdlogLog(std::shared_ptr<spdlog::logger> logger, engine::LogLevel level)
    : logger_(std::move(logger)), own_logger_(false), level_(level) {}

bool SpdlogLog::enabled(engine::LogLevel level) const {
  return level != engine::LogLevel::off && level >= level_.load(std::memory_order_relaxed) &&
         logger_->should_log(to_spdlog(level));
}

void SpdlogLog::set_level(engine::LogLevel level) {
  level_.store(level, std::memory_order_relaxed);
  if (own_logger_) logger_->set_level(to_spdlog(level));
}

void SpdlogLog::write(engine::LogLevel level, std::string_view area, std::string_view text) {
  if (!enabled(level)) return;
  logger_->log(to_spdlog(level), "[{}] {}", area, text);
}

void SpdlogLog::write_always(std::string_view area, std::string_view text) const {
  logger_->log(std::max(spdlog::level::info, logger_->level()), "[{}] {}", area, text);
}

}  // namespace braid::adapters
