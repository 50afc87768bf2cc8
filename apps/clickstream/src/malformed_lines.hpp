#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace clickstream {

/// A line that is not an event, and why.
struct MalformedLine {
  std::uint64_t number = 0;  ///< From 1, the header's.
  std::uint64_t offset = 0;  ///< Of its first byte in the file.
  std::string reason;

  bool operator==(const MalformedLine&) const = default;
};

/// How many lines were malformed, and the first few of them; bounded, so that a wholly wrong file costs nothing.
/// Thread: one at a time.
class MalformedLines {
 public:
  static constexpr std::size_t kept_max = 10;

  void add(std::uint64_t number, std::uint64_t offset, std::string reason) {
    ++count_;
    if (first_.size() < kept_max) first_.push_back({number, offset, std::move(reason)});
  }

  std::uint64_t count() const noexcept { return count_; }
  const std::vector<MalformedLine>& first() const noexcept { return first_; }

 private:
  std::uint64_t count_ = 0;
  std::vector<MalformedLine> first_;
};

}  // namespace clickstream
