#pragma once

#include <braid/partition_choice.hpp>
#include <braid/result.hpp>
#include <braid/settings.hpp>
#include <braid/snapshot.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace braid::ops {

// --- commands

struct Quiet {};
struct Pause {
  PartitionChoice choice{};
  std::optional<std::chrono::milliseconds> duration{};  // none: until it is resumed
};
struct Resume {
  PartitionChoice choice{};
};
struct SetConcurrency {
  std::uint32_t workers = 0;
};
struct SetLogLevel {
  LogLevel level = LogLevel::info;
};
struct Seek {
  enum class To : std::uint8_t { earliest, latest, offset, time };
  PartitionChoice choice{};
  To to = To::earliest;
  std::int64_t offset = 0;            // with To::offset
  std::chrono::milliseconds time{0};  // with To::time: since 1970, UTC
};
// Parked messages are tried again, or go to the dead letter topic.
struct ReleaseParked {
  PartitionChoice choice{};
};
struct DeadLetterParked {
  PartitionChoice choice{};
};
using Command =
    std::variant<Quiet, Pause, Resume, SetConcurrency, SetLogLevel, Seek, ReleaseParked, DeadLetterParked>;

// --- ports

// What the Ops interface asks of an application, and tells it. Thread: the server's; no call may wait for longer
// than it is given, since all of its clients wait meanwhile.
class Source {
 public:
  virtual ~Source() = default;
  // What each connection has answered by then; the others are `silent`.
  virtual ApplicationSnapshot snapshot(std::chrono::milliseconds patience) = 0;
  virtual ConfigurationSnapshot configuration() = 0;
};

class Commands {
 public:
  virtual ~Commands() = default;
  // What was done, in words; or why it was refused. Waits at most a second.
  virtual Result<std::string> obey(const Command& command) = 0;
};

// An answer to a probe.
struct Health {
  bool good = true;
  std::string json = "{}";  // an object that says why
};

}  // namespace braid::ops
