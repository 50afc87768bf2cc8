#include "engine/listener/sight.hpp"

#include "core/recovery/error_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace braid::engine {

namespace {

constexpr std::size_t kMostKey = 100;  // bytes of it that are told

void add_run(WorkSight& work, const RunNote::Running& run) {
  using enum WorkSight::State;
  work.since = run.since;
  work.thread = run.thread;
  switch (run.what) {
    case RunNote::What::share:
      work.state = run.thread == 0 ? ticket : running;
      break;
    case RunNote::What::hook:
      work.state = hook;
      break;
    case RunNote::What::farewell:
      work.state = farewell;
      break;
  }
}

}  // namespace

std::optional<WorkSight> see_share(Assignment& assignment, const Share& share, std::optional<Time> retry,
                                   bool letters_out) {
  const auto run = assignment.slot(share.virtual_partition()).note().read();
  const auto left = share.unfinished();
  // What was armed behind it may run already; see_slots() finds that.
  const bool runs = run && run->last <= share.messages().back().offset();
  if (left.empty() && !runs) return std::nullopt;
  WorkSight work{.index = share.virtual_partition().value, .messages = left.size()};
  if (!left.empty()) {
    work.first = left.front().offset();
    work.last = left.back().offset();
    if (left.front().has_key()) work.key = core::bounded_utf8(left.front().key(), kMostKey);
  }
  if (runs) {
    add_run(work, *run);
  } else if (letters_out) {
    work.state = WorkSight::State::letters;
  } else if (retry) {
    work.state = WorkSight::State::retry;
    work.until = retry;
  }
  return work;
}

void see_slots(Assignment& assignment, std::vector<WorkSight>& work) {
  if (assignment.jobs()->idle()) return;
  const std::vector<ConsumerSlot>& slots = assignment.slots();
  for (std::uint32_t index = 0; index < slots.size(); ++index) {
    const auto run = slots[index].note().read();
    if (!run) continue;
    const bool known = std::ranges::any_of(
        work, [&](const WorkSight& other) { return other.index == index && other.since == run->since; });
    if (known) continue;
    WorkSight found{.index = index, .first = run->first, .last = run->last};
    add_run(found, *run);
    work.push_back(std::move(found));
  }
  std::ranges::stable_sort(work, {}, &WorkSight::index);
}

const WorkSight* longest_running(const std::vector<WorkSight>& work) {
  const WorkSight* longest = nullptr;
  for (const WorkSight& each : work) {
    if (each.since && (longest == nullptr || *each.since < *longest->since)) longest = &each;
  }
  return longest;
}

std::string describe_duration(Duration duration) {
  return fmt::format("{:.1f} s", std::chrono::duration<double>(duration).count());
}

std::string describe_work(const WorkSight& work, Time now) {
  const auto where = [&]() -> std::string {
    if (work.first.value < 0) return {};
    std::string text = work.first == work.last
                           ? fmt::format(": offset {}", work.first.value)
                           : fmt::format(": offsets {} to {}", work.first.value, work.last.value);
    if (work.messages > 1) text += fmt::format(" ({} messages)", work.messages);
    if (work.key) text += fmt::format(", key '{}'", *work.key);
    return text;
  };
  const auto since = [&](const char* what) {
    std::string text = fmt::format("{} since {}", what, describe_duration(now - *work.since));
    if (work.thread != 0) text += fmt::format(" on thread {}", work.thread);
    return text;
  };
  const auto state = [&]() -> std::string {
    switch (work.state) {
      case WorkSight::State::running:
        return since("runs");
      case WorkSight::State::ticket:
        return since("has deferred its work, unsettled");
      case WorkSight::State::hook:
        return since("is in a hook");
      case WorkSight::State::farewell:
        return since("is in its last hook");
      case WorkSight::State::letters:
        return "waits for dead letters to be acknowledged";
      case WorkSight::State::retry:
        return *work.until > now ? fmt::format("is tried again in {}", describe_duration(*work.until - now))
                                 : std::string("is about to be tried again");
      case WorkSight::State::queued:
        break;
    }
    return "waits for its turn in the pool";
  };
  return fmt::format("virtual partition {} {}{}", work.index, state(), where());
}

}  // namespace braid::engine
