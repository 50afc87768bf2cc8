#pragma once

#include "apps/clickstream/src/generator.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>

namespace clickstream {

/// A generated file that is gone with this object.
/// Thread: one at a time.
class TemporaryCsv {
 public:
  /// Throws std::runtime_error where it can't be written.
  TemporaryCsv(std::uint64_t events, std::uint64_t seed, const GeneratorProgress& progress) {
    std::string name = (std::filesystem::temp_directory_path() / "clickstream-XXXXXX").string();
    const int file = ::mkstemp(name.data());
    if (file < 0) throw std::runtime_error("can't make " + name + ": " + std::generic_category().message(errno));
    ::close(file);
    path_ = name;
    std::ofstream out(path_, std::ios::binary | std::ios::trunc);
    generate_events(events, seed, out, progress);
    out.close();
    if (!out) {
      remove();
      throw std::runtime_error("can't write " + path_.string() + "; is the disk full?");
    }
  }
  ~TemporaryCsv() { remove(); }
  TemporaryCsv(const TemporaryCsv&) = delete;
  TemporaryCsv& operator=(const TemporaryCsv&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  void remove() noexcept {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }

  std::filesystem::path path_;
};

}  // namespace clickstream
