#include "apps/clickstream/src/streaming/ingest_position.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <ios>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <vector>

namespace clickstream {
namespace {

constexpr const char* magic = "clickstream-position-2";

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& why) {
  throw std::runtime_error(path.string() + ": " + why);
}

// FNV-1a: no protection against malice, which nobody has against a file of their own.
std::uint64_t fnv(std::uint64_t hash, std::string_view bytes) {
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3U;
  return hash;
}

}  // namespace

IngestPosition::IngestPosition(const std::filesystem::path& csv, const std::string& topic)
    : csv_(csv), path_(csv.string() + "." + topic + ".position") {
  std::error_code unknown;
  // Opening a pipe would take from it, or wait for good.
  if (!std::filesystem::is_regular_file(csv_, unknown)) {
    throw std::invalid_argument("--resume needs a file that stays where it is; " + csv_.string() + " is none");
  }
  file_.reset(std::fopen(csv_.c_str(), "rb"));
  if (!file_) fail(csv_, "can't be opened: " + std::generic_category().message(errno));
}

std::optional<std::uint64_t> IngestPosition::hash_before(std::uint64_t offset) const {
  std::uint64_t hash = fnv(0xcbf29ce484222325U, std::to_string(offset));
  const std::uint64_t length = std::min(offset, hashed_most);
  std::vector<char> bytes(length);
  for (const std::uint64_t begin : {std::uint64_t{0}, offset - length}) {
    std::clearerr(file_.get());
    if (::fseeko(file_.get(), static_cast<off_t>(begin), SEEK_SET) != 0) return std::nullopt;
    if (std::fread(bytes.data(), 1, length, file_.get()) != length) return std::nullopt;
    hash = fnv(hash, {bytes.data(), bytes.size()});
  }
  return hash;
}

std::optional<LineEnd> IngestPosition::read() const {
  std::ifstream file(path_, std::ios::binary);
  if (!file) return std::nullopt;
  std::string word;
  LineEnd position;
  std::uint64_t hash = 0;
  file >> word >> position.offset >> position.number >> std::hex >> hash;
  if (!file || word != magic)
    fail(path_, "is not a position of ours; remove it to send the file from its beginning");
  if (hash_before(position.offset) != hash) {
    fail(path_, "is of another file than " + csv_.string() +
                    " now is, which was shortened, replaced or changed before line " +
                    std::to_string(position.number + 1) + "; remove it to send that from its beginning");
  }
  return position;
}

void IngestPosition::write(LineEnd position) const {
  const auto hash = hash_before(position.offset);
  if (!hash) fail(csv_, "has become shorter while it was sent");
  const std::filesystem::path next = path_.string() + ".next";
  {
    std::ofstream file(next, std::ios::binary | std::ios::trunc);
    file << magic << ' ' << position.offset << ' ' << position.number << ' ' << std::hex << *hash << '\n';
    file.flush();
    if (!file) fail(next, "can't be written");
  }
  std::error_code failed;
  std::filesystem::rename(next, path_, failed);
  if (failed) fail(path_, "can't be written: " + failed.message());
}

}  // namespace clickstream
