#pragma once

#include "apps/clickstream/src/event_parser.hpp"
#include "apps/clickstream/src/malformed_lines.hpp"

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace clickstream {

/// A file that can't be read at all: it can't be opened, a read fails, or its header is not the data set's. One
/// line.
class CsvError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A line of a file, without its line end.
struct Line {
  std::uint64_t number = 0;  ///< From 1, the header's.
  std::uint64_t offset = 0;  ///< Of its first byte in the file.
  std::string_view text;
};

/// Reads a file of the data set event by event, in constant memory, and keeps account of malformed lines.
/// Thread: one at a time.
class CsvReader {
 public:
  /// Lines longer than this, in bytes, are malformed, so that a file without line ends is not held in memory.
  static constexpr std::size_t line_bytes_max = 64 * 1024;

  /// Opens the file and reads its header. Throws CsvError.
  explicit CsvReader(const std::filesystem::path& path);

  /// Goes on behind a line that an earlier reading of the same file ended at: its bytes_done() and line().number.
  /// Before the first next(). Throws CsvError.
  void continue_behind(std::uint64_t offset, std::uint64_t line_number);

  /// The next whole event, or null at the file's end; malformed lines between are counted and skipped. The event
  /// holds until the next call. Throws CsvError if reading fails.
  const Event* next();

  /// The line of the event that next() returned last.
  const Line& line() const noexcept { return line_; }

  /// What was malformed up to here.
  const MalformedLines& malformed() const noexcept { return malformed_; }

  /// If standard(), line().text may be passed on as it is; else write_event() gives the standard form.
  const Columns& columns() const noexcept { return parser_.columns(); }

  /// Bytes read up to the present line's end, and bytes of the whole file (0 if it has no size, like a pipe).
  std::uint64_t bytes_done() const noexcept { return next_offset_; }
  std::uint64_t bytes_total() const noexcept { return bytes_total_; }

 private:
  struct Close {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };

  bool read_line();
  void refill();
  void skip_rest_of_line();

  std::filesystem::path path_;
  std::unique_ptr<std::FILE, Close> file_;
  std::uint64_t bytes_total_ = 0;

  // What was read and not yet given out is buffer_[begin_, end_).
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool at_end_of_file_ = false;

  Line line_;
  bool line_too_long_ = false;
  std::uint64_t next_offset_ = 0;

  EventParser parser_;
  std::optional<Parsed<Event>> parsed_;
  MalformedLines malformed_;
};

}  // namespace clickstream
