#pragma once

#include "engine/threads/guarded_by.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace braid::engine {

// The text of the user's that rides along with a partition's commits; the last one that was set, by whichever
// virtual partition. An assignment goes on with the one it found stored.
// Thread: any, but start_with(), which comes before anything of the assignment runs. Owned by the assignment.
class CommitText {
 public:
  // metadata_bytes: how long a commit's metadata may be.
  explicit CommitText(std::size_t metadata_bytes) : metadata_bytes_(metadata_bytes) {}

  // What was stored with the position that the assignment starts from.
  void start_with(std::string text);
  [[nodiscard]] std::string_view stored() const { return stored_; }

  // Throws std::invalid_argument for what can't ride along.
  void set(std::string_view text);
  [[nodiscard]] std::string text() const;
  // Grows with each set(). Read it before text(): of a text that comes between the two it is too low, and the text
  // is told once more.
  [[nodiscard]] std::uint64_t revision() const { return revision_.load(std::memory_order_acquire); }

 private:
  // constant once started
  const std::size_t metadata_bytes_;
  std::string stored_;

  mutable std::mutex mutex_;
  std::string text_ BRAID_GUARDED_BY(mutex_);
  std::atomic<std::uint64_t> revision_{0};
};

}  // namespace braid::engine
