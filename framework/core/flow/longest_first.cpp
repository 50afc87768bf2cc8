#include "core/flow/longest_first.hpp"

#include "core/assert.hpp"

#include <bit>

namespace braid::core {

std::uint8_t LongestFirst::bucket_of(std::uint32_t length) {
  if (length < 64) return static_cast<std::uint8_t>(length);
  return static_cast<std::uint8_t>(64 + std::bit_width(length) - 7);
}

int LongestFirst::highest_bucket() const {
  if (used_[1] != 0) return 64 + 63 - std::countl_zero(used_[1]);
  if (used_[0] != 0) return 63 - std::countl_zero(used_[0]);
  return -1;
}

void LongestFirst::insert(std::uint32_t index, std::uint32_t length) {
  BRAID_ASSERT(!contains(index), "a virtual partition is ready once");
  const std::uint8_t bucket = bucket_of(length);
  List& list = lists_[bucket];
  links_[index] = {.before = list.last, .behind = kNone, .bucket = bucket};
  if (list.last == kNone) {
    list.first = index;
    used_[bucket / 64] |= std::uint64_t{1} << (bucket % 64);
  } else {
    links_[list.last].behind = index;
  }
  list.last = index;
  ++size_;
}

void LongestFirst::erase(std::uint32_t index) {
  BRAID_ASSERT(contains(index), "only what is in can leave");
  Link& link = links_[index];
  List& list = lists_[link.bucket];
  (link.before == kNone ? list.first : links_[link.before].behind) = link.behind;
  (link.behind == kNone ? list.last : links_[link.behind].before) = link.before;
  if (list.first == kNone) used_[link.bucket / 64] &= ~(std::uint64_t{1} << (link.bucket % 64));
  link = {};
  --size_;
}

void LongestFirst::update(std::uint32_t index, std::uint32_t length) {
  if (links_[index].bucket == bucket_of(length)) return;
  erase(index);
  insert(index, length);
}

std::optional<std::uint32_t> LongestFirst::first() const {
  const int bucket = highest_bucket();
  if (bucket < 0) return std::nullopt;
  return lists_[static_cast<std::size_t>(bucket)].first;
}

bool LongestFirst::none_before(std::uint32_t length) const {
  return highest_bucket() <= bucket_of(length);
}

}  // namespace braid::core
