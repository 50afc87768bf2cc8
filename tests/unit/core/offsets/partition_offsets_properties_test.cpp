#include "core/offsets/partition_offsets.hpp"
#include "unit/core/flow/flow_messages.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace braid::core {
namespace {

using test_support::at_offsets;
using test_support::offsets_of;
using Numbers = std::vector<std::int64_t>;

// From first to below last; not smaller in the first cases, as is the library's way, so that all stories are long.
std::int64_t between(std::int64_t first, std::int64_t last) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<std::int64_t>(first, last));
}

// One partition told the long way: sets of offsets.
struct Model {
  std::set<std::int64_t> log;     // what there is; the rest below `end` will never come
  std::set<std::int64_t> before;  // what is said to be done before
  std::optional<std::int64_t> next;
  std::deque<std::int64_t> waiting;
  std::set<std::int64_t> open;
  std::set<std::int64_t> done;
  std::optional<std::int64_t> base;  // the position while nothing is open
  std::int64_t seen_to = -1;

  void settle() {
    if (!open.empty() || !base) return;
    if (!done.empty()) base = std::max(*base, *done.rbegin() + 1);
    if (waiting.empty()) base = std::max(*base, seen_to);
  }
  [[nodiscard]] std::optional<std::int64_t> position() const { return open.empty() ? base : *open.begin(); }
  [[nodiscard]] std::optional<std::int64_t> expected() const {
    if (!next) return base;
    return base && open.empty() ? std::max(*base, *next) : *next;
  }
};

std::vector<OffsetRange> runs_of(const std::set<std::int64_t>& numbers) {
  std::vector<OffsetRange> runs;
  for (const std::int64_t number : numbers) {
    if (!runs.empty() && runs.back().last.value + 1 == number) {
      runs.back().last = {number};
    } else {
      runs.push_back({{number}, {number}});
    }
  }
  return runs;
}

// Both of one partition, and the comparison.
class Story {
 public:
  Story(Model start, std::size_t max_window)
      : model_(std::move(start)),
        max_window_(max_window),
        offsets_({.position = model_.base ? std::optional(CommitPosition{*model_.base}) : std::nullopt,
                  .done_before = runs_of(model_.before)},
                 max_window) {}

  // Messages of the log as a client gives them: from about where it should be, again or further on.
  void messages_come() {
    const std::int64_t at = model_.expected().value_or(0);
    const std::int64_t from = std::max<std::int64_t>(at - (between(0, 4) == 0 ? between(0, 20) : 0), 0);
    Numbers numbers;
    for (auto it = model_.log.lower_bound(from); it != model_.log.end() && std::ssize(numbers) < 12; ++it) {
      numbers.push_back(*it);
    }
    numbers.resize(static_cast<std::size_t>(between(0, std::ssize(numbers) + 1)));
    Numbers kept;
    Numbers dropped;
    PartitionOffsets::Passed counts;
    for (const std::int64_t number : numbers) {
      const std::int64_t next = model_.expected().value_or(number);
      if (number < next) {
        dropped.push_back(number);
        ++counts.stale;
        continue;
      }
      if (number > next) ++counts.jumps;
      model_.next = number + 1;
      if (model_.before.contains(number)) {
        dropped.push_back(number);
        ++counts.done_before;
        model_.seen_to = std::max(model_.seen_to, number + 1);
      } else {
        kept.push_back(number);
        model_.waiting.push_back(number);
      }
    }
    model_.settle();
    auto messages = at_offsets(numbers);
    std::vector<Message> out;
    const auto passed = offsets_.pass(messages, 0, out);
    RC_ASSERT(offsets_of(messages) == kept);
    RC_ASSERT(offsets_of(out) == dropped);
    RC_ASSERT(passed.stale == counts.stale);
    RC_ASSERT(passed.done_before == counts.done_before);
    RC_ASSERT(passed.jumps == counts.jumps);
  }

  void some_are_admitted() {
    const auto all = at_offsets({model_.waiting.begin(), model_.waiting.end()});
    if (all.empty()) return;
    const std::int64_t low = model_.open.empty() ? model_.waiting.front() : *model_.open.begin();
    const auto fits = [&](std::int64_t number) { return number - low < static_cast<std::int64_t>(max_window_); };
    const auto fit = static_cast<std::size_t>(std::ranges::count_if(model_.waiting, fits));
    RC_ASSERT(offsets_.admissible(all) == fit);
    const auto count = static_cast<std::size_t>(between(0, static_cast<std::int64_t>(fit) + 1));
    offsets_.admit(std::span<const Message>(all).first(count));
    for (std::size_t i = 0; i < count; ++i) {
      if (!model_.base) model_.base = model_.waiting.front();
      model_.open.insert(model_.waiting.front());
      model_.waiting.pop_front();
    }
  }

  void some_are_done() {
    if (model_.open.empty()) return;
    auto it = model_.open.begin();
    std::advance(it, between(0, std::ssize(model_.open)));
    const std::int64_t first = *it;
    const std::int64_t last = between(0, 2) == 0 ? first : first + between(0, 30);
    first == last ? offsets_.done({first}) : offsets_.done_range({first}, {last});
    for (; it != model_.open.end() && *it <= last; it = model_.open.erase(it)) model_.done.insert(*it);
    model_.settle();
  }

  void the_end_is_reached() {
    if (!model_.waiting.empty()) return;
    const std::int64_t at = model_.expected().value_or(0);
    const auto behind = model_.log.lower_bound(at);
    const std::int64_t end = at + between(0, 10);
    if (behind != model_.log.end() && *behind < end) return;
    const bool left_out = model_.expected() && *model_.expected() < end;
    model_.before.erase(model_.before.lower_bound(end), model_.before.end());
    if (!model_.base) model_.base = end;
    model_.seen_to = std::max(model_.seen_to, end);
    model_.settle();
    RC_ASSERT(offsets_.reached_end(CommitPosition{end}) == left_out);
  }

  void compare() const {
    RC_ASSERT(offsets_.position().has_value() == model_.position().has_value());
    if (model_.position()) RC_ASSERT(offsets_.position()->value == *model_.position());
    RC_ASSERT(offsets_.expected().has_value() == model_.expected().has_value());
    if (model_.expected()) RC_ASSERT(offsets_.expected()->value == *model_.expected());
    RC_ASSERT(offsets_.open_count() == model_.open.size());
    compare_ranges();
  }

  // The position, what is told, and the revision.
  struct Told {
    std::optional<CommitPosition> position;
    std::vector<OffsetRange> ranges;
    std::uint64_t revision;
  };
  [[nodiscard]] Told told() const {
    return {offsets_.position(), offsets_.done_ranges(OffsetLedger::kNoLimit), offsets_.revision()};
  }

 private:
  // All that is done is told, and nothing that is not: what may still come, is open or waits.
  void compare_ranges() const {
    const auto ranges = offsets_.done_ranges(OffsetLedger::kNoLimit);
    std::set<std::int64_t> told;
    for (const OffsetRange range : ranges) {
      for (std::int64_t offset = range.first.value; offset <= range.last.value; ++offset) told.insert(offset);
    }
    RC_ASSERT(runs_of(told) == ranges);  // ascending and apart
    const std::int64_t position = model_.position().value_or(0);
    RC_ASSERT(told.empty() || *told.begin() >= position);
    const auto is_told = [&](std::int64_t offset) { return offset < position || told.contains(offset); };
    RC_ASSERT(std::ranges::all_of(model_.done, is_told));
    RC_ASSERT(std::ranges::all_of(model_.before, is_told));
    for (const std::int64_t offset : told) {
      const bool will_never_come = offset < *model_.next && !model_.log.contains(offset);
      RC_ASSERT(model_.done.contains(offset) || model_.before.contains(offset) || will_never_come);
    }
    const auto limit = static_cast<std::size_t>(between(0, 5));
    const auto some = offsets_.done_ranges(limit);
    RC_ASSERT(some.size() == std::min(limit, ranges.size()));
    RC_ASSERT(std::equal(some.begin(), some.end(), ranges.begin()));
  }

  Model model_;
  std::size_t max_window_;
  PartitionOffsets offsets_;
};

Model some_start() {
  Model model;
  std::int64_t offset = between(0, 50);
  const bool started = between(0, 5) > 0;
  if (started) model.next = model.base = offset;
  const auto count = between(1, 150);
  for (std::int64_t i = 0; i < count; ++i) {
    offset += between(0, 5) == 0 ? between(0, 8) : 0;
    model.log.insert(offset++);
  }
  if (!started) return model;
  // Ranges over what there is and what there is not, also behind the log's end.
  std::int64_t first = *model.base + between(0, 4);
  while (first < offset + 10 && between(0, 12) > 0) {
    const std::int64_t last = first + between(0, 12);
    for (std::int64_t each = first; each <= last; ++each) model.before.insert(each);
    first = last + 2 + between(0, 20);
  }
  return model;
}

RC_GTEST_PROP(PartitionOffsetsProperties, SaysWhatPlainSetsSay, ()) {
  Story story(some_start(), static_cast<std::size_t>(*rc::gen::element<std::int64_t>(1, 5, 64, 100'000)));
  story.compare();
  const auto steps = between(1, 120);
  for (std::int64_t step = 0; step < steps; ++step) {
    const auto before = story.told();
    const auto what = *rc::gen::weightedElement<int>({{4, 0}, {5, 1}, {8, 2}, {1, 3}});
    if (what == 0) story.messages_come();
    if (what == 1) story.some_are_admitted();
    if (what == 2) story.some_are_done();
    if (what == 3) story.the_end_is_reached();
    story.compare();
    const auto after = story.told();
    RC_ASSERT(!before.position || *before.position <= *after.position);
    const bool changed = before.position != after.position || before.ranges != after.ranges;
    if (what >= 2 && changed) RC_ASSERT(after.revision != before.revision);
    if (!changed && what < 2) RC_ASSERT(after.revision == before.revision);
  }
}

}  // namespace
}  // namespace braid::core
