#pragma once

#include "engine/ports/field_log.hpp"

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace spdlog {
class logger;
}

namespace braid::adapters {

struct SpdlogOptions {
  engine::LogLevel level = engine::LogLevel::info;  // of areas that have none of their own
  std::map<std::string, engine::LogLevel> areas{};  // others than engine::kLogAreas are not heeded
  bool json = false;                                // each line an object, in place of "[area] text"
  std::shared_ptr<spdlog::logger> logger{};         // a host's; none: one of our own, to stderr
  std::string name = "braid";                       // leads each line of our own as text; empty: no name
};

// engine::FieldLog on an spdlog logger: "time level [area] text". Several can live in one process: none touches
// spdlog's registry or its default logger. Thread: any, if the logger's sinks are of the _mt kind, as those made
// here are.
class SpdlogLog final : public engine::FieldLog {
 public:
  // A logger of its own to stderr. `name` leads each line; empty: no name.
  explicit SpdlogLog(engine::LogLevel level = engine::LogLevel::info, std::string name = "braid");
  // A host's logger. Its level is left as it is; lines below `level` never reach it.
  SpdlogLog(std::shared_ptr<spdlog::logger> logger, engine::LogLevel level);

  explicit SpdlogLog(SpdlogOptions options);

  // In any area.
  [[nodiscard]] bool enabled(engine::LogLevel level) const override;
  // Never throws: spdlog reports its own failures to stderr.
  void write(engine::LogLevel level, std::string_view area, std::string_view text) override;
  void write_fields(engine::LogLevel level, std::string_view area, std::string_view text,
                    std::span<const engine::LogField> fields) override;
  // What was asked for, whatever the level; but nothing where logs are off.
  void write_always(std::string_view area, std::string_view text) const;
  // From now on, of all areas. A host's logger keeps its own level besides. Thread: any.
  void set_level(engine::LogLevel level);

 private:
  [[nodiscard]] bool writes(engine::LogLevel level, std::string_view area) const;
  void hand_over(engine::LogLevel level, std::string_view area, std::string_view text,
                 std::span<const engine::LogField> fields) const;

  const std::shared_ptr<spdlog::logger> logger_;
  const bool json_ = false;
  // All relaxed: they order nothing.
  std::atomic<engine::LogLevel> level_;
  std::array<std::atomic<engine::LogLevel>, engine::kLogAreas.size()> areas_{};
  std::atomic<engine::LogLevel> least_{engine::LogLevel::off};  // of all of these
};

}  // namespace braid::adapters
