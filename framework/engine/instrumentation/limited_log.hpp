#pragma once

#include "core/log/repeat_limit.hpp"
#include "engine/ports/clock.hpp"
#include "engine/ports/log.hpp"
#include "engine/threads/guarded_by.hpp"

#include <functional>
#include <mutex>

namespace braid::engine {

// A log that does not say the same again and again. Lines for who debugs are all written. Thread: any.
class LimitedLog final : public Log {
 public:
  using Now = std::function<Time()>;

  // `log` outlives it.
  LimitedLog(
      Log& log, core::RepeatLimit::Settings settings, Now now = [] { return std::chrono::steady_clock::now(); })
      : log_(log), now_(std::move(now)), limit_(settings) {}

  [[nodiscard]] bool enabled(LogLevel level) const override { return log_.enabled(level); }
  void write(LogLevel level, std::string_view area, std::string_view text) override;

 private:
  // Says also what was left out before.
  [[nodiscard]] bool admit(LogLevel level, std::string_view area, std::string_view text);

  Log& log_;
  const Now now_;
  std::mutex mutex_;
  core::RepeatLimit limit_ BRAID_GUARDED_BY(mutex_);
};

}  // namespace braid::engine
