#pragma once

#include "adapters/log/spdlog_log.hpp"
#include "engine/instrumentation/limited_log.hpp"
#include "engine/ports/log.hpp"

#include <braid/log_settings.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace braid::runtime {

// The log that an application's settings, or a producer's, ask for. Thread: any.
class ConfiguredLog final : public engine::Log {
 public:
  // Requires settings that check_log() finds nothing wrong with.
  ConfiguredLog(LogLevel level, const LogSettings& settings);

  [[nodiscard]] bool enabled(engine::LogLevel level) const override { return written_.enabled(level); }
  void write(engine::LogLevel level, std::string_view area, std::string_view text) override {
    limited_.write(level, area, text);
  }
  // What lies below: nothing is left out there.
  [[nodiscard]] adapters::SpdlogLog& all() { return written_; }

 private:
  adapters::SpdlogLog written_;
  engine::LimitedLog limited_;
};

// What of the settings is wrong, in words, behind what is there.
void check_log(const LogSettings& settings, std::vector<std::string>& problems);

}  // namespace braid::runtime
