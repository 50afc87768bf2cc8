#pragma once

#include <cstdint>
#include <string_view>

namespace braid::engine {

enum class LogLevel : std::uint8_t { trace, debug, info, warning, error, off };

// Where the framework's and the client library's lines go. Thread: any.
class Log {
 public:
  virtual ~Log() = default;
  [[nodiscard]] virtual bool enabled(LogLevel level) const = 0;
  // `area`: application, connection, partition, worker, producer, kafka.
  virtual void write(LogLevel level, std::string_view area, std::string_view text) = 0;
};

}  // namespace braid::engine
