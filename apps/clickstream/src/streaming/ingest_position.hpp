#pragma once

#include "apps/clickstream/src/streaming/acknowledged_lines.hpp"

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace clickstream {

/// How far a file has been sent to a topic, kept in a file next to it: FILE.TOPIC.position. With the position goes
/// a hash of what the file begins and of what it ends with before it, so that another file is not gone on with, be
/// its header the same; what was appended meanwhile is welcome. Thread: one at a time.
class IngestPosition {
 public:
  /// How much of the file's beginning, and of what is just before the position, is told by the hash: bytes of each.
  static constexpr std::uint64_t hashed_most = 64 * 1024;

  /// The file is opened here: who replaces it later does not deceive write(). Throws std::runtime_error;
  /// std::invalid_argument where it is no file that can be gone on with, such as a pipe.
  IngestPosition(const std::filesystem::path& csv, const std::string& topic);

  const std::filesystem::path& path() const noexcept { return path_; }
  /// What was kept; nothing if nothing was. Throws std::runtime_error where it can't be read, or is of another file
  /// (one that is shorter, or has other content before the position).
  std::optional<LineEnd> read() const;
  /// Replaces it as a whole, so that whoever is killed in between leaves the old one. Throws std::runtime_error.
  void write(LineEnd position) const;

 private:
  struct Close {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  /// Nothing: the file is shorter than that.
  std::optional<std::uint64_t> hash_before(std::uint64_t offset) const;

  const std::filesystem::path csv_;
  const std::filesystem::path path_;
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace clickstream
