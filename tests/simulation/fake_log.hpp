#pragma once

#include "engine/ports/consumer_client.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace braid::simulation {

// A record in the fake broker. Its payload follows from its offset, so that a reader can tell it is the right one.
struct FakeRecord {
  std::int64_t offset = 0;
  int key = -1;                    // -1: none
  bool finished = false;           // some process's user code has returned from it, or marked it
  std::uint64_t finished_by = 0;   // the youngest incarnation in which it was
  bool lettered = false;           // it has arrived as a dead letter
  int tried = 0;                   // so often it has failed though it is no poison
  bool skipped = false;            // a seek has passed over it
  bool begun = false;              // it was shown to user code; kept for topics of at most once
  std::uint64_t committed_by = 0;  // likewise: the incarnation that moved the position over it
  std::uint64_t begun_by = 0;      // likewise: the youngest incarnation in which it was
};

// One partition's log: offsets ascend, with holes where compaction took some. Thread: one.
class FakeLog {
 public:
  explicit FakeLog(std::size_t keys) : by_key_(keys) {}

  void append(int key);
  void leave_hole(std::int64_t offsets) { end_ += offsets; }
  // Retention: what is below is gone.
  void trim(std::int64_t to) { start_ = to > start_ ? to : start_; }

  // A consumer has moved the position there, by that incarnation: what is behind it comes again, what is before it
  // and was not done is passed over.
  void moved(std::int64_t to, std::uint64_t by);
  // The position moves: forwards over records that `by` is to process, or backwards.
  void committed(std::int64_t from, std::int64_t to, std::uint64_t by);

  [[nodiscard]] std::int64_t start() const { return start_; }
  [[nodiscard]] std::int64_t end() const { return end_; }
  [[nodiscard]] const std::vector<FakeRecord>& records() const { return records_; }
  // The first record at or above; records().size() if there is none.
  [[nodiscard]] std::size_t index_at(std::int64_t offset) const;
  [[nodiscard]] FakeRecord* find(std::int64_t offset);
  // Ascending offsets of a key.
  [[nodiscard]] const std::vector<std::int64_t>& of_key(int key) const {
    return by_key_[static_cast<std::size_t>(key)];
  }
  // The lowest record that still exists and that nobody has finished.
  [[nodiscard]] std::optional<std::int64_t> first_unfinished(std::int64_t from) const;

 private:
  std::vector<FakeRecord> records_;
  std::vector<std::vector<std::int64_t>> by_key_;
  std::int64_t start_ = 0;
  std::int64_t moved_to_ = 0;  // by a seek; it may be behind the end
  std::int64_t end_ = 0;
};

std::string key_text(int key);
std::string payload_text(int partition, std::int64_t offset);

}  // namespace braid::simulation
