#pragma once

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace clickstream {

/// A file with the given content, for as long as this object lives.
/// Thread: one at a time.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view content) : path_(next_path()) {
    std::ofstream(path_, std::ios::binary) << content;
  }
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  static std::filesystem::path next_path() {
    static std::atomic<int> files{0};
    return std::filesystem::temp_directory_path() /
           ("clickstream-test-" + std::to_string(::getpid()) + "-" + std::to_string(++files) + ".csv");
  }

  std::filesystem::path path_;
};

}  // namespace clickstream
