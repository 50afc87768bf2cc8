#include "apps/clickstream/src/streaming/ingest_position.hpp"

#include <fstream>
#include <stdexcept>
#include <utility>

namespace clickstream {
namespace {

constexpr const char* magic = "clickstream-position";

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& why) {
  throw std::runtime_error(path.string() + ": " + why);
}

}  // namespace

IngestPosition::IngestPosition(std::filesystem::path csv, std::string topic)
    : csv_(std::move(csv)), path_(csv_.string() + "." + topic + ".position") {}

std::string IngestPosition::first_line() const {
  std::ifstream file(csv_, std::ios::binary);
  std::string line;
  std::getline(file, line);
  return line;
}

std::optional<LineEnd> IngestPosition::read() const {
  std::ifstream file(path_, std::ios::binary);
  if (!file) return std::nullopt;
  std::string word;
  LineEnd position;
  file >> word >> position.offset >> position.number;
  file.ignore(1);
  std::string header;
  std::getline(file, header);
  if (!file || word != magic)
    fail(path_, "is not a position of ours; remove it to send the file from its beginning");
  std::error_code no_size;
  const auto size = std::filesystem::file_size(csv_, no_size);
  if (no_size || size < position.offset || header != first_line()) {
    fail(path_, "is of another file than " + csv_.string() + " now is; remove it to send that from its beginning");
  }
  return position;
}

void IngestPosition::write(LineEnd position) const {
  const std::filesystem::path next = path_.string() + ".next";
  {
    std::ofstream file(next, std::ios::binary | std::ios::trunc);
    file << magic << ' ' << position.offset << ' ' << position.number << '\n' << first_line() << '\n';
    file.flush();
    if (!file) fail(next, "can't be written");
  }
  std::error_code failed;
  std::filesystem::rename(next, path_, failed);
  if (failed) fail(path_, "can't be written: " + failed.message());
}

}  // namespace clickstream
