#include "simulation/note_stored.hpp"

#include "simulation/fake_metadata.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace braid::simulation {

void note_move(World& world, FakePartition& partition, Incarnation& incarnation) {
  if (!incarnation.moved || std::exchange(incarnation.start_stored, true)) return;
  world.happened(Happening::seek_stored);
  if (partition.stored.value_or(0) > incarnation.start) world.happened(Happening::position_moved_back);
  partition.log.moved(incarnation.start, incarnation.id);
  partition.moved_by = incarnation.id;
  partition.skipped_below = std::min(partition.skipped_below, incarnation.start);
  partition.stored = incarnation.start;
  // It may be of that very position, from before: then it would be believed.
  partition.metadata.clear();
  partition.older_metadata.clear();
}

void note_stored(World& world, FakePartition& partition, Incarnation& incarnation, std::int64_t position,
                 const std::string& metadata) {
  incarnation.told_below = std::max(incarnation.told_below, position);
  if (partition.promises.waits_for_commit) {
    const std::set<std::int64_t> told = told_done(metadata, position);
    for (auto& [index, facts] : incarnation.virtual_partitions) {
      for (const std::int64_t through : {facts.awaited_through, facts.marked_through}) {
        if (through < position || told.contains(through)) {
          facts.covered_through = std::max(facts.covered_through, through);
        }
      }
    }
  }
  for (auto& [id, wait] : incarnation.waits) {
    wait.covered = wait.covered || covers(position, metadata, wait.through);
  }
  if (partition.promises.at_most_once) {
    const std::int64_t before = partition.stored.value_or(partition.log.start());
    if (position < before) world.happened(Happening::batch_given_back);
    partition.log.committed(before, position, incarnation.id);
  }
  if (partition.promises.on_demand && incarnation.asked) world.happened(Happening::commit_asked);
}

}  // namespace braid::simulation
