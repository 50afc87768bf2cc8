#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

// spdlog's, of which nothing but the name is needed here.
namespace spdlog {
class logger;
}

namespace braid {

enum class LogLevel : std::uint8_t { trace, debug, info, warning, error, off };

// How an application, or a producer, writes its log; from which level on is a setting beside it.
// Thread: a value; as any.
struct LogSettings {
  enum class Form : std::uint8_t {
    text,  // time level [area] text
    json,  // an object a line: time, level, area, text, and figures where the line has any
  };

  // Levels of single areas in place of `log_level`: application, connection, partition, batch, worker, producer,
  // transactions, kafka.
  std::map<std::string, LogLevel> areas{};
  Form form = Form::text;
  // A logger of the program's, whose sinks are of the _mt kind. Its level and its pattern are left as they are; as
  // JSON the object is what the pattern calls %v. None: one of our own, to stderr.
  std::shared_ptr<spdlog::logger> logger{};

  // Of lines that differ in their digits alone so many are written within the time; how many were left out is said
  // once it is over, with the next line of any kind. 0: all are. Lines below info are not counted.
  std::uint32_t most_repeats = 20;
  std::chrono::milliseconds repeats_within{10'000};  // at least 100 ms

  // At info, in the area `batch`: what was processed, summed up by topic, at most each `story_each`. Costs what an
  // event a batch does (docs/performance.md). Of an application alone.
  bool story = false;
  std::chrono::milliseconds story_each{10'000};  // at least 100 ms
};

}  // namespace braid
