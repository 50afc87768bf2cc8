#include "core/offsets/offset_ledger.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <vector>

namespace braid::core {
namespace {

// What the ledger must say, told the long way: each delivered offset and whether it is open.
class Model {
 public:
  Model(std::int64_t start, std::int64_t max_window) : next_(start), max_window_(max_window) {}

  [[nodiscard]] std::optional<std::int64_t> lowest_open() const {
    for (const auto& [offset, open] : offsets_) {
      if (open) return offset;
    }
    return std::nullopt;
  }
  [[nodiscard]] bool can_deliver(std::int64_t offset) const {
    const auto lowest = lowest_open();
    return !lowest || offset - *lowest + 1 <= max_window_;
  }
  void deliver(std::int64_t offset) {
    offsets_[offset] = true;
    next_ = offset + 1;
  }
  std::size_t done_range(std::int64_t first, std::int64_t last) {
    std::size_t count = 0;
    for (auto each = offsets_.lower_bound(first); each != offsets_.end() && each->first <= last; ++each) {
      if (!each->second) continue;
      each->second = false;
      highest_done_ = std::max(highest_done_.value_or(each->first), each->first);
      ++count;
    }
    return count;
  }
  bool advance_to(std::int64_t position) {
    if (lowest_open() || position <= next_) return false;
    next_ = position;
    return true;
  }

  [[nodiscard]] std::int64_t position() const { return lowest_open().value_or(next_); }
  [[nodiscard]] std::int64_t next() const { return next_; }
  [[nodiscard]] bool is_open(std::int64_t offset) const {
    const auto found = offsets_.find(offset);
    return found != offsets_.end() && found->second;
  }
  [[nodiscard]] std::size_t open_count() const {
    return static_cast<std::size_t>(std::ranges::count_if(offsets_, [](const auto& each) { return each.second; }));
  }
  [[nodiscard]] std::optional<std::int64_t> highest_done() const { return highest_done_; }
  [[nodiscard]] std::optional<std::int64_t> highest_delivered() const {
    return offsets_.empty() ? std::nullopt : std::optional(offsets_.rbegin()->first);
  }
  // Runs of offsets that are open, or that are not, between the position and the highest done offset.
  [[nodiscard]] std::vector<OffsetRange> runs(bool open) const {
    std::vector<OffsetRange> result;
    if (!lowest_open() || !highest_done_) return result;
    for (std::int64_t offset = *lowest_open(); offset <= *highest_done_; ++offset) {
      if (is_open(offset) != open) continue;
      if (!result.empty() && result.back().last.value == offset - 1) {
        result.back().last = {offset};
      } else {
        result.push_back({{offset}, {offset}});
      }
    }
    return result;
  }
  // What is done below the position can't matter any more.
  void forget() { offsets_.erase(offsets_.begin(), offsets_.lower_bound(std::min(position(), last_key()))); }

 private:
  [[nodiscard]] std::int64_t last_key() const { return offsets_.empty() ? 0 : offsets_.rbegin()->first; }
  std::map<std::int64_t, bool> offsets_;
  std::int64_t next_;
  std::int64_t max_window_;
  std::optional<std::int64_t> highest_done_;
};

std::optional<std::int64_t> plain(std::optional<Offset> offset) {
  return offset ? std::optional(offset->value) : std::nullopt;
}

void check_same(const OffsetLedger& ledger, const Model& model) {
  RC_ASSERT(ledger.position().value == model.position());
  RC_ASSERT(ledger.next_deliverable().value == model.next());
  RC_ASSERT(ledger.open_count() == model.open_count());
  RC_ASSERT(plain(ledger.lowest_open()) == model.lowest_open());
  RC_ASSERT(plain(ledger.highest_done()) == model.highest_done());
  RC_ASSERT(plain(ledger.highest_delivered()) == model.highest_delivered());
  std::vector<OffsetRange> done;
  ledger.for_each_done_range([&](OffsetRange range) { done.push_back(range); });
  RC_ASSERT(done == model.runs(false));
  RC_ASSERT(ledger.gaps() == model.runs(true));
}

// From first to below last; not smaller in the first cases, as is the library's way, so that all stories are long.
template <class Number>
Number between(Number first, Number last) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<Number>(first, last));
}

// A length: mostly short, now and then as long as several windows of words.
std::int64_t length() {
  return *rc::gen::resize(rc::kNominalSize,
                          rc::gen::weightedOneOf<std::int64_t>({{6, rc::gen::inRange<std::int64_t>(0, 4)},
                                                                {3, rc::gen::inRange<std::int64_t>(0, 200)},
                                                                {1, rc::gen::inRange<std::int64_t>(0, 3000)}}));
}

// Runs a random story on both, and compares them; lazily means that a wrong hint must not be healed by looking, so
// that only some steps look.
void tell_story(std::int64_t start, std::int64_t max_window, int steps, bool look_always) {
  OffsetLedger ledger({start}, static_cast<std::size_t>(max_window));
  Model model(start, max_window);
  // Somewhere around what is delivered, also a bit below and above.
  const auto anywhere = [&] {
    const std::int64_t low = std::max<std::int64_t>(model.position() - 5, 0);
    return between<std::int64_t>(low, model.next() + 5);
  };
  for (int step = 0; step < steps; ++step) {
    switch (*rc::gen::weightedElement<int>({{6, 0}, {3, 1}, {6, 2}, {4, 3}, {2, 4}, {1, 5}})) {
      case 0: {
        const std::int64_t offset = model.next() + length();
        RC_ASSERT(ledger.can_deliver({offset}) == model.can_deliver(offset));
        if (!model.can_deliver(offset)) break;
        ledger.deliver({offset});
        model.deliver(offset);
        break;
      }
      case 1: {
        const std::int64_t first = model.next() + length();
        const std::int64_t last = first + std::min(length(), max_window - 1);
        RC_ASSERT(ledger.can_deliver({last}) == model.can_deliver(last));
        if (!model.can_deliver(last)) break;
        ledger.deliver_range({first}, {last});
        for (std::int64_t offset = first; offset <= last; ++offset) model.deliver(offset);
        break;
      }
      case 2: {
        const std::int64_t offset = anywhere();
        RC_ASSERT(ledger.is_open({offset}) == model.is_open(offset));
        RC_ASSERT(ledger.done({offset}) == (model.done_range(offset, offset) == 1));
        break;
      }
      case 3: {
        const std::int64_t first = anywhere();
        const std::int64_t last = first + length();
        RC_ASSERT(ledger.done_range({first}, {last}) == model.done_range(first, last));
        break;
      }
      case 4: {
        const std::int64_t position = anywhere();
        RC_ASSERT(ledger.advance_to({position}) == model.advance_to(position));
        break;
      }
      case 5:
        ledger.shrink();
        break;
    }
    model.forget();
    if (look_always || between(0, 8) == 0) check_same(ledger, model);
  }
  check_same(ledger, model);
}

RC_GTEST_PROP(OffsetLedgerProperties, SaysWhatAPlainMapSays, ()) {
  const auto start = *rc::gen::element<std::int64_t>(0, 1, 63, 1000, (std::int64_t{1} << 62) + 17);
  const auto max_window = *rc::gen::element<std::int64_t>(1, 2, 64, 100, 1024, 5000);
  tell_story(start, max_window, between(1, 150), *rc::gen::arbitrary<bool>());
}

RC_GTEST_PROP(OffsetLedgerProperties, SaysTheSameCloseToTheHighestNumber, ()) {
  // 150 steps of at most 6,000 offsets end below it.
  tell_story(std::numeric_limits<std::int64_t>::max() - 1'000'000, 1024, between(1, 150), false);
}

RC_GTEST_PROP(OffsetLedgerProperties, AnyOrderOfDoneEndsAtTheSamePosition, ()) {
  const auto count = between<std::int64_t>(1, 300);
  std::vector<std::int64_t> order;
  OffsetLedger ledger({0});
  for (std::int64_t i = 0, offset = 0; i < count; ++i, offset += between<std::int64_t>(1, 3)) {
    ledger.deliver({offset});
    order.push_back(offset);
  }
  const std::int64_t last = order.back();
  CommitPosition before = ledger.position();
  while (!order.empty()) {
    const auto chosen = order.begin() + between<std::ptrdiff_t>(0, std::ssize(order));
    RC_ASSERT(ledger.done({*chosen}));
    order.erase(chosen);
    RC_ASSERT(ledger.position() >= before);  // never back
    before = ledger.position();
  }
  RC_ASSERT(ledger.position() == next_after(Offset{last}));
}

}  // namespace
}  // namespace braid::core
