#include "simulation/fake_kafka.hpp"

#include "simulation/fake_metadata.hpp"
#include "simulation/guarantees_of_hooks.hpp"
#include "simulation/steered_partition.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace braid::simulation {

FakePartition& FakeKafka::add_partition(const std::string& topic, std::int32_t number, Bounds bounds,
                                        Promises promises) {
  const int index = static_cast<int>(partitions_.size());
  partitions_.push_back(std::make_unique<FakePartition>(FakePartition{.index = index,
                                                                      .name = {topic, {number}},
                                                                      .log = FakeLog(keys_),
                                                                      .bounds = bounds,
                                                                      .promises = promises,
                                                                      .stored = {}}));
  return *partitions_.back();
}

FakePartition* FakeKafka::find(const engine::TopicPartition& name) {
  const auto found =
      std::find_if(partitions_.begin(), partitions_.end(), [&](const auto& each) { return each->name == name; });
  return found == partitions_.end() ? nullptr : found->get();
}

void FakeKafka::begin(Guarantees& guarantees) {
  guarantees_ = &guarantees;
  group.set_partitions(static_cast<int>(partitions_.size()));
}

namespace {

// What the consumers of its present owner asked for is stored.
bool asked_is_stored(const FakePartition& partition) {
  const auto current = partition.current.lock();
  if (!current || current->ended || current->asked_through < current->start) return true;
  if (!partition.stored) return false;
  return current->asked_through < *partition.stored ||
         told_done(partition.metadata, *partition.stored).contains(current->asked_through);
}

// Whatever nobody finished waits for another owner of the partition.
bool only_parked_are_left(const FakePartition& partition) {
  const auto current = partition.current.lock();
  if (!current || current->ended || current->parked.empty()) return false;
  auto left = partition.log.first_unfinished(partition.skipped_below);
  for (; left; left = partition.log.first_unfinished(*left + 1)) {
    if (!current->parked.contains(*left)) return false;
  }
  return true;
}

// Where the position ends: what is parked holds it, also if it was a dead letter of an earlier owner.
std::int64_t end_of(const FakePartition& partition) {
  const auto current = partition.current.lock();
  const bool parks = current && !current->ended && !current->parked.empty();
  return parks ? *current->parked.begin() : partition.log.end();
}

// What they asked for by a seek was obeyed, and is stored.
bool moved_as_asked(const FakePartition& partition) {
  const auto current = partition.current.lock();
  if (!current || current->steered->seek_waits()) return !current;
  return current->ended || !current->sought || current->start_stored;
}

}  // namespace

bool FakeKafka::all_done() const {
  return std::all_of(partitions_.begin(), partitions_.end(), [](const auto& partition) {
    if (!moved_as_asked(*partition) || !ends_are_heard(*partition)) return false;
    const auto& records = partition->log.records();
    if (records.empty() || records.back().offset < partition->skipped_below) return true;
    if (partition->promises.at_most_once) return partition->stored == partition->log.end();
    const auto left = partition->log.first_unfinished(partition->skipped_below);
    if (left && !only_parked_are_left(*partition)) return false;
    if (partition->promises.on_demand) return asked_is_stored(*partition);
    return partition->stored == end_of(*partition);
  });
}

std::string FakeKafka::what_is_open() const {
  std::string text;
  for (const auto& partition : partitions_) {
    const auto unfinished = partition->log.first_unfinished(partition->skipped_below);
    text += fmt::format("{}/{}: log {}..{}, stored {}, first unfinished {}, owner {}; ", partition->name.topic,
                        partition->name.partition.value, partition->log.start(), partition->log.end(),
                        partition->stored.value_or(-1), unfinished.value_or(-1), group.owner_of(partition->index));
  }
  return text;
}

}  // namespace braid::simulation
