#include "apps/clickstream/src/csv_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>

namespace clickstream {
namespace {

constexpr std::size_t buffer_bytes = 4 * CsvReader::line_bytes_max;

std::string failure(const char* what, const std::filesystem::path& path, int error) {
  return std::string("can't ") + what + " " + path.string() + ": " + std::generic_category().message(error);
}

}  // namespace

CsvReader::CsvReader(const std::filesystem::path& path)
    : path_(path), file_(std::fopen(path.c_str(), "rb")), buffer_(buffer_bytes) {
  if (!file_) throw CsvError(failure("open", path, errno));
  std::error_code no_size;
  const auto size = std::filesystem::file_size(path, no_size);
  bytes_total_ = no_size ? 0 : size;

  if (!read_line()) throw CsvError(path.string() + " is empty, not even a header is there");
  const Parsed<Columns> columns = parse_header(line_.text);
  if (!columns) throw CsvError(path.string() + ": " + columns.reason());
  parser_ = EventParser(*columns);
}

void CsvReader::continue_behind(std::uint64_t offset, std::uint64_t line_number) {
  if (::fseeko(file_.get(), static_cast<off_t>(offset), SEEK_SET) != 0)
    throw CsvError(failure("read", path_, errno));
  begin_ = end_ = 0;
  at_end_of_file_ = false;
  next_offset_ = offset;
  line_ = {line_number, offset, {}};
}

const Event* CsvReader::next() {
  while (read_line()) {
    if (line_too_long_) {
      malformed_.add(line_.number, line_.offset, "is longer than " + std::to_string(line_bytes_max) + " bytes");
      continue;
    }
    parsed_.emplace(parser_.parse(line_.text));
    if (parsed_->ok()) return &parsed_->value();
    malformed_.add(line_.number, line_.offset, parsed_->reason());
  }
  return nullptr;
}

bool CsvReader::read_line() {
  line_too_long_ = false;
  const char* feed = nullptr;
  std::size_t searched = 0;
  while (true) {
    const std::size_t held = end_ - begin_;
    if (held > searched) {
      feed = static_cast<const char*>(std::memchr(buffer_.data() + begin_ + searched, '\n', held - searched));
    }
    if (feed != nullptr || at_end_of_file_ || held > line_bytes_max) break;
    searched = held;
    refill();
  }
  if (feed == nullptr && begin_ == end_) return false;

  const char* const text = buffer_.data() + begin_;
  const std::size_t length =
      feed != nullptr ? static_cast<std::size_t>(feed - text) : std::min(end_ - begin_, line_bytes_max + 1);
  const std::size_t taken = length + (feed != nullptr ? 1 : 0);
  std::string_view line(text, std::min(length, line_bytes_max));
  line_too_long_ = length > line_bytes_max;
  if (line.ends_with('\r')) line.remove_suffix(1);
  line_ = {line_.number + 1, next_offset_, line};
  begin_ += taken;
  next_offset_ += taken;
  if (line_too_long_ && feed == nullptr) skip_rest_of_line();
  return true;
}

void CsvReader::skip_rest_of_line() {
  line_.text = {};  // The buffer is overwritten below.
  while (true) {
    const std::size_t held = end_ - begin_;
    const char* const text = buffer_.data() + begin_;
    const auto* const feed = held == 0 ? nullptr : static_cast<const char*>(std::memchr(text, '\n', held));
    const std::size_t taken = feed == nullptr ? held : static_cast<std::size_t>(feed - text) + 1;
    begin_ += taken;
    next_offset_ += taken;
    if (feed != nullptr || at_end_of_file_) return;
    refill();
  }
}

void CsvReader::refill() {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  errno = 0;
  const std::size_t read = std::fread(buffer_.data() + end_, 1, buffer_.size() - end_, file_.get());
  if (read == 0 && std::ferror(file_.get()) != 0) throw CsvError(failure("read", path_, errno));
  end_ += read;
  at_end_of_file_ = read == 0;
}

}  // namespace clickstream
