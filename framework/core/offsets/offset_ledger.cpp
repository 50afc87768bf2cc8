#include "core/offsets/offset_ledger.hpp"

#include "core/assert.hpp"

#include <algorithm>
#include <bit>

namespace braid::core {
namespace {

constexpr std::size_t kWordsMin = 16;
constexpr std::int64_t kHighest = std::numeric_limits<std::int64_t>::max();

constexpr std::int64_t word_of(std::int64_t offset) {
  return offset >> 6;
}
constexpr std::uint64_t bit_of(std::int64_t offset) {
  return std::uint64_t{1} << (offset & 63);
}
// The bits of a word at and above, and at and below this offset's.
constexpr std::uint64_t bits_from(std::int64_t offset) {
  return ~std::uint64_t{0} << (offset & 63);
}
constexpr std::uint64_t bits_to(std::int64_t offset) {
  return ~std::uint64_t{0} >> (63 - (offset & 63));
}

// Calls visit(word number, mask) for each word that the range touches.
template <class Visit>
void for_each_word(std::int64_t first, std::int64_t last, Visit&& visit) {
  const std::int64_t last_word = word_of(last);
  std::uint64_t mask = bits_from(first);
  for (std::int64_t number = word_of(first); number < last_word; ++number) {
    visit(number, mask);
    mask = ~std::uint64_t{0};
  }
  visit(last_word, mask & bits_to(last));
}

}  // namespace

OffsetLedger::OffsetLedger(CommitPosition start, std::size_t max_window)
    : max_window_(static_cast<std::int64_t>(std::min<std::size_t>(max_window, std::size_t{1} << 62))),
      next_(start.value),
      low_(start.value) {
  BRAID_ASSERT(start.value >= 0, "a ledger starts at a real position, not at a logical one such as 'latest'");
  BRAID_ASSERT(max_window >= 1, "a ledger without a window could deliver nothing");
}

bool OffsetLedger::can_deliver(Offset offset) const {
  if (open_ == 0 || offset.value - low_ < max_window_) return true;
  refresh_low();
  return offset.value - low_ < max_window_;
}

void OffsetLedger::deliver(Offset offset) {
  admit(offset.value, offset.value);
  word(word_of(offset.value)) |= bit_of(offset.value);
  open_ += 1;
}

void OffsetLedger::deliver_range(Offset first, Offset last) {
  admit(first.value, last.value);
  for_each_word(first.value, last.value, [this](std::int64_t number, std::uint64_t mask) { word(number) |= mask; });
  open_ += static_cast<std::size_t>(last.value - first.value) + 1;
}

bool OffsetLedger::done(Offset offset) {
  if (!is_open(offset)) return false;
  word(word_of(offset.value)) &= ~bit_of(offset.value);
  open_ -= 1;
  highest_done_ = std::max(highest_done_, offset.value);
  return true;
}

std::size_t OffsetLedger::done_range(Offset first, Offset last) {
  if (open_ == 0) return 0;
  // A caller that says "up to here" each time must not walk over the same done words each time.
  if (first.value <= low_) refresh_low();
  // What lies outside is not open; and a caller may say "all" by the ends of the range of numbers.
  const std::int64_t from = std::max(first.value, low_);
  const std::int64_t to = std::min(last.value, highest_);
  if (from > to) return 0;
  std::size_t count = 0;
  for_each_word(from, to, [&](std::int64_t number, std::uint64_t mask) {
    std::uint64_t& bits = word(number);
    const std::uint64_t closing = bits & mask;
    if (closing == 0) return;
    bits &= ~mask;
    count += static_cast<std::size_t>(std::popcount(closing));
    highest_done_ = std::max(highest_done_, number * 64 + 63 - std::countl_zero(closing));
  });
  open_ -= count;
  return count;
}

CommitPosition OffsetLedger::position() const {
  if (open_ == 0) return {next_};
  refresh_low();
  return {low_};
}

bool OffsetLedger::advance_to(CommitPosition position) {
  if (open_ > 0 || position.value <= next_) return false;
  next_ = position.value;
  return true;
}

bool OffsetLedger::is_open(Offset offset) const {
  // The bounds come first: outside of them the ring's bits belong to other offsets.
  return open_ > 0 && offset.value >= low_ && offset.value <= highest_ &&
         (word(word_of(offset.value)) & bit_of(offset.value)) != 0;
}

std::optional<Offset> OffsetLedger::lowest_open() const {
  if (open_ == 0) return std::nullopt;
  refresh_low();
  return Offset{low_};
}

std::optional<Offset> OffsetLedger::highest_delivered() const {
  return highest_ < 0 ? std::nullopt : std::optional(Offset{highest_});
}

std::optional<Offset> OffsetLedger::highest_done() const {
  return highest_done_ < 0 ? std::nullopt : std::optional(Offset{highest_done_});
}

std::size_t OffsetLedger::window() const {
  if (open_ == 0) return 0;
  refresh_low();
  return static_cast<std::size_t>(highest_ - low_) + 1;
}

std::vector<OffsetRange> OffsetLedger::gaps(std::size_t limit) const {
  std::vector<OffsetRange> result;
  if (open_ == 0) return result;
  refresh_low();
  for (std::int64_t open = low_; open < highest_done_ && result.size() < limit;) {
    const std::int64_t after = next_not_open(open);
    result.push_back({{open}, {after - 1}});
    open = next_open(after);
  }
  return result;
}

void OffsetLedger::shrink() {
  if (open_ == 0) words_ = std::vector<std::uint64_t>();  // {} would keep the memory
}

std::int64_t OffsetLedger::next_open(std::int64_t from) const {
  if (from > highest_) return highest_ + 1;
  std::int64_t number = word_of(from);
  std::uint64_t bits = word(number) & bits_from(from);
  while (bits == 0) {
    if (++number > word_of(highest_)) return highest_ + 1;
    bits = word(number);
  }
  return number * 64 + std::countr_zero(bits);
}

std::int64_t OffsetLedger::next_not_open(std::int64_t from) const {
  if (from > highest_) return highest_ + 1;
  std::int64_t number = word_of(from);
  std::uint64_t bits = ~word(number) & bits_from(from);
  while (bits == 0) {
    if (++number > word_of(highest_)) return highest_ + 1;
    bits = ~word(number);
  }
  return number * 64 + std::countr_zero(bits);
}

bool OffsetLedger::fits(std::int64_t last) const {
  return last - low_ < max_window_ && static_cast<std::size_t>(word_of(last) - word_of(low_)) < words_.size();
}

void OffsetLedger::admit(std::int64_t first, std::int64_t last) {
  BRAID_ASSERT(first >= next_, "offsets are delivered in ascending order, from the ledger's start");
  BRAID_ASSERT(first <= last, "a range's first offset is not above its last");
  BRAID_ASSERT(last < kHighest, "the position after the highest of all numbers could not be said");
  if (open_ == 0) low_ = first;  // all bits are 0: the window starts anew, however far away
  if (!fits(last)) {
    // The hint may lag behind; only the true lowest open offset says whether there is room.
    if (open_ > 0) refresh_low();
    BRAID_ASSERT(last - low_ < max_window_, "the window is full: ask can_deliver() first");
    if (!fits(last)) grow(last);
  }
  highest_ = last;
  next_ = last + 1;
}

void OffsetLedger::refresh_low() const {
  std::int64_t number = word_of(low_);
  std::uint64_t bits = word(number);
  // Ends, since something is open; each word is passed once in the ledger's life.
  while (bits == 0) bits = word(++number);
  low_ = number * 64 + std::countr_zero(bits);
}

void OffsetLedger::grow(std::int64_t last) {
  const auto needed = static_cast<std::size_t>(word_of(last) - word_of(low_)) + 1;
  std::vector<std::uint64_t> larger(std::max({kWordsMin, words_.size() * 2, std::bit_ceil(needed)}));
  if (open_ > 0) {
    for (std::int64_t number = word_of(low_); number <= word_of(highest_); ++number) {
      larger[static_cast<std::size_t>(number) & (larger.size() - 1)] = word(number);
    }
  }
  words_ = std::move(larger);
}

}  // namespace braid::core
