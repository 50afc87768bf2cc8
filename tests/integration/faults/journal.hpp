#pragma once

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

namespace braid::faults {

// What application processes write down of their work: entries of one size in one file that all of them append to.
// Each is one write(), so the file is one history: what stands before has happened before, in whatever process, and
// a killed process leaves no half of an entry.
struct JournalEntry {
  enum class Kind : std::uint32_t {
    begin = 1,     // the work on a message begins
    end = 2,       // and has ended
    farewell = 3,  // a virtual partition's assignment ends: nothing of it comes any more
    last = 4,  // the process ends in order; `offset` is how many offsets were jumped over, `number` 1 if in time
  };
  Kind kind = Kind::begin;
  std::int32_t process = 0;
  std::uint64_t generation = 0;
  std::int32_t partition = -1;
  std::uint32_t key = 0;
  std::int64_t offset = -1;
  std::int64_t number = -1;       // of the message among those of its key, from 0 on
  std::int64_t nanoseconds = 0;   // since the epoch, when it was written
  std::int64_t appended_ms = -1;  // since the epoch, when the broker took the message
  std::int64_t virtual_partition = -1;
};
static_assert(sizeof(JournalEntry) == 64 && std::is_trivially_copyable_v<JournalEntry>);

inline std::int64_t nanoseconds_now() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// Thread: any.
class JournalWriter {
 public:
  explicit JournalWriter(const std::string& path)
      : file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
    if (file_ < 0) throw std::runtime_error(path + ": " + std::strerror(errno));
  }
  ~JournalWriter() { ::close(file_); }
  JournalWriter(const JournalWriter&) = delete;
  JournalWriter& operator=(const JournalWriter&) = delete;

  void append(const JournalEntry& entry) const {
    if (::write(file_, &entry, sizeof entry) != sizeof entry)
      throw std::runtime_error("the journal can't be written");
  }

 private:
  int file_;
};

// Reads on where it stopped. Thread: the test's.
class JournalReader {
 public:
  explicit JournalReader(const std::string& path)
      : file_(::open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0600)) {
    if (file_ < 0) throw std::runtime_error(path + ": " + std::strerror(errno));
  }
  ~JournalReader() { ::close(file_); }
  JournalReader(const JournalReader&) = delete;
  JournalReader& operator=(const JournalReader&) = delete;

  // Everything up to now; what is new is behind the first `entries().size()` of before.
  const std::vector<JournalEntry>& read() {
    while (true) {
      JournalEntry chunk[256];
      const auto from = static_cast<off_t>(entries_.size() * sizeof(JournalEntry));
      const ssize_t bytes = ::pread(file_, chunk, sizeof chunk, from);
      const std::size_t count = bytes <= 0 ? 0 : static_cast<std::size_t>(bytes) / sizeof(JournalEntry);
      entries_.insert(entries_.end(), chunk, chunk + count);
      if (count < std::size(chunk)) return entries_;
    }
  }
  [[nodiscard]] const std::vector<JournalEntry>& entries() const { return entries_; }

 private:
  int file_;
  std::vector<JournalEntry> entries_;
};

}  // namespace braid::faults
