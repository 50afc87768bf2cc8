#pragma once

#include "engine/ports/log.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace braid::engine {

// What lines are about; of each a level may be set.
inline constexpr std::array<std::string_view, 8> kLogAreas{
    "application", "connection", "partition", "batch", "worker", "producer", "transactions", "kafka"};

// A line's figures, for who reads logs by a program.
struct LogField {
  std::string_view name;
  std::variant<std::int64_t, double, std::string> value;
};

// A log that can tell figures apart from the text. Thread: any.
class FieldLog : public Log {
 public:
  // As write(); where lines are text, the fields are left out.
  virtual void write_fields(LogLevel level, std::string_view area, std::string_view text,
                            std::span<const LogField> fields) = 0;
};

}  // namespace braid::engine
