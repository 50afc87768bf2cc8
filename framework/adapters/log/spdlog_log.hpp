#pragma once

#include "engine/ports/log.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

namespace spdlog {
class logger;
}

namespace braid::adapters {

// engine::Log on an spdlog logger: "time level [area] text". Several can live in one process: none touches spdlog's
// registry or its default logger.
// Thread: any, if the logger's sinks are of the _mt kind, as those made here are.
class SpdlogLog final : public engine::Log {
 public:
  // A logger of its own to stderr. `name` leads each line; empty: no name.
  explicit SpdlogLog(engine::LogLevel level = engine::LogLevel::info, std::string name = "braid");
  // A host's logger. Its level is left as it is; lines below `level` never reach it.
  SpdlogLog(std::shared_ptr<spdlog::logger> logger, engine::LogLevel level);

  [[nodiscard]] bool enabled(engine::LogLevel level) const override;
  // Never throws: spdlog reports its own failures to stderr.
  void write(engine::LogLevel level, std::string_view area, std::string_view text) override;
  // What was asked for, whatever the level; but nothing where logs are off.
  void write_always(std::string_view area, std::string_view text) const;
  // From now on. Thread: any.
  void set_level(engine::LogLevel level);

 private:
  const std::shared_ptr<spdlog::logger> logger_;
  const bool own_logger_;                // else its level is the host's
  std::atomic<engine::LogLevel> level_;  // relaxed: it orders nothing
};

}  // namespace braid::adapters
