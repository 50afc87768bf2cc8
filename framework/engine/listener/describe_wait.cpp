#include "engine/listener/describe_wait.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

namespace braid::engine {

namespace {

constexpr std::size_t kMostCauses = 3;

std::string describe_start(const AssignedPartition& partition) {
  if (partition.stage == AssignedPartition::Stage::reading_position) {
    return "its stored position, which could not be read so far";
  }
  if (partition.restart_pending) return "the client, which has refused to start it so far";
  const std::uint32_t inside = partition.assignment->jobs()->inside();
  return inside > 0 ? fmt::format("{} jobs of an earlier assignment to return", inside)
                    : std::string("another connection of this process to let go of it");
}

const WorkSight* first_of(const RunnerSight& sight, WorkSight::State state) {
  const WorkSight* first = nullptr;
  for (const WorkSight& work : sight.work) {
    if (work.state != state) continue;
    if (first == nullptr || (work.until && *work.until < *first->until)) first = &work;
  }
  return first;
}

}  // namespace

std::string describe_wait(const AssignedPartition& partition, const RunnerSight& sight,
                          const PartitionQueue::Backlog& backlog, std::size_t jobs_waiting, Time now) {
  using enum WorkSight::State;
  if (!partition.runner) return describe_start(partition);
  std::vector<std::string> causes;
  const auto cause = [&](std::string text) { causes.push_back(std::move(text)); };
  if (const WorkSight* work = longest_running(sight.work)) cause("a job: " + describe_work(*work, now));
  if (partition.assignment->held()) {
    const auto until = partition.steering->wakes_at();
    cause("the end of a pause, or a seek" +
          (until ? fmt::format(", for another {}", describe_duration(std::max(*until - now, Duration::zero())))
                 : std::string(", which somebody has to end")));
  }
  if (const WorkSight* work = first_of(sight, letters)) cause("dead letters: " + describe_work(*work, now));
  if (sight.waits_for_commit) cause("a commit to be acknowledged, which what follows waits for");
  if (const WorkSight* work = first_of(sight, retry)) cause("a retry: " + describe_work(*work, now));
  if (jobs_waiting > 0) cause(fmt::format("a free worker, or its caps: {} of its jobs wait", jobs_waiting));
  if (sight.filter_until && *sight.filter_until > now) {
    cause(fmt::format("a filter, for another {}", describe_duration(*sight.filter_until - now)));
  }
  if (sight.full_queue) cause(fmt::format("room in the queue of virtual partition {}", *sight.full_queue));
  if (causes.empty()) {
    if (!sight.work.empty()) {
      cause("the pool: " + describe_work(sight.work.front(), now));
    } else if (sight.waiting > 0) {
      cause(fmt::format("more messages, or max_wait: {} are here", sight.waiting));
    } else if (sight.open > sight.parked) {
      cause(fmt::format("marks: {} offsets were handed over and returned, and nobody has said that they are done",
                        sight.open - sight.parked));
    } else if (!sight.takes) {
      cause("room: the process holds as many bytes as it may");
    } else if (backlog.fetched > 0) {
      cause(fmt::format("its turn: {} messages are fetched, and not taken", backlog.fetched));
    } else {
      cause(
          fmt::format("the client, which delivers nothing though the log ends at {}: its broker may be away, or a "
                      "transaction is open",
                      backlog.end ? backlog.end->value : -1));
    }
  }
  if (causes.size() > kMostCauses) causes.resize(kMostCauses);
  return fmt::format("{}", fmt::join(causes, "; and for "));
}

}  // namespace braid::engine
