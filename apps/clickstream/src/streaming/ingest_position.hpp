#pragma once

#include "apps/clickstream/src/streaming/acknowledged_lines.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace clickstream {

/// How far a file has been sent to a topic, kept in a file next to it: FILE.TOPIC.position.
/// Thread: one at a time.
class IngestPosition {
 public:
  IngestPosition(std::filesystem::path csv, std::string topic);

  const std::filesystem::path& path() const noexcept { return path_; }
  /// What was kept; nothing if nothing was. Throws std::runtime_error where it can't be read, or is of another file
  /// (one that was shortened, or whose first line is another).
  std::optional<LineEnd> read() const;
  /// Replaces it as a whole, so that whoever is killed in between leaves the old one. Throws std::runtime_error.
  void write(LineEnd position) const;

 private:
  std::string first_line() const;

  const std::filesystem::path csv_;
  const std::filesystem::path path_;
};

}  // namespace clickstream
