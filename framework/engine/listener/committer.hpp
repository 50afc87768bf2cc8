#pragma once

#include "core/listener/commit_schedule.hpp"
#include "core/listener/repeated_trouble.hpp"
#include "engine/instrumentation/counters.hpp"
#include "engine/listener/assigned_partition.hpp"
#include "engine/listener/assigned_partitions.hpp"
#include "engine/ports/log.hpp"
#include "engine/ports/position_store.hpp"

#include <braid/offset.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace braid::engine {

// Commits to one store: the positions of all partitions of a connection that keep theirs there and are due, in one
// call, one call at a time; where the store keeps partitions apart, one at a time of each partition. Which are due,
// and who waits for what, each partition's PartitionCommits decides.
// Thread: the listener's.
class Committer {
 public:
  struct Settings {
    Duration retry_backoff{};
    std::size_t metadata_bytes = 0;  // how long the metadata of a position may be; with 0 there is none
  };
  Committer(PositionStore& store, AssignedPartitions& partitions, Settings settings, Counters& counters, Log& log);

  // Sends what is due, if the gate is open and there is something new.
  void turn(Time now);
  // The partition may be due earlier than it was.
  void look(const AssignedPartition& partition);
  // A consumer asks for a commit.
  void request(AssignedPartition& partition, CommitRequest& request);
  // The partition is ended: what its policy lets go is due at once.
  void end(AssignedPartition& partition);
  void handle_committed(std::uint64_t token, const CommitOutcome& outcome, Time now);
  // The same of one partition, from a store that keeps them apart.
  void handle_stored(AssignedPartition& partition, std::uint64_t token);
  void handle_failed(AssignedPartition& partition, std::uint64_t token);
  // Stops waiting for the one in flight. Of partitions that are kept apart there is nothing to stop: none but the
  // one that ends waits for its own.
  void give_up();

  // How many were sent so far.
  [[nodiscard]] std::uint64_t sent_so_far() const { return last_sent_; }
  // One that was sent after the first `sent` was answered by: the group has moved on. No other will do better.
  [[nodiscard]] bool stale_after(std::uint64_t sent) const { return last_stale_ > sent; }
  // What its policy commits of this partition has been, and was acknowledged.
  [[nodiscard]] bool clean(const AssignedPartition& partition) const;
  [[nodiscard]] std::optional<Time> wakes_at(Time now) const;
  // Whether somebody was released since; then the partitions that are `released` want a turn.
  [[nodiscard]] bool take_released() { return std::exchange(released_, false); }
  [[nodiscard]] const PositionStore& store() const { return store_; }

 private:
  struct Sent {
    TopicPartition partition;
    Generation generation;
    core::CommitContent content;
  };

  // What would be sent of it now, as far as folded; how far its metadata reaches is known when that is composed.
  [[nodiscard]] std::optional<core::CommitContent> content_of(const AssignedPartition& partition) const;
  [[nodiscard]] std::string metadata_of(const AssignedPartition& partition) const;
  [[nodiscard]] bool serves(const AssignedPartition& partition) const;
  AssignedPartition* find(const Sent& sent);
  void tell(AssignedPartition& partition);
  // Those that are due, of the refused the first alone. Returns whether there is anything to send.
  bool gather(Time now, bool refused, std::vector<StoredPosition>& positions);
  // False: it is not due, or there is nothing to tell of it.
  bool add(AssignedPartition& partition, Time now, std::vector<StoredPosition>& positions);
  void note_failure(const Error& error, Time now);
  Time note_refusal(const CommitOutcome::Refused& refused, Time now);
  void note_success(const TopicPartition& partition);
  void handle_unsure(std::uint64_t token);
  void tell_answer(const CommitOutcome& outcome, Time now);
  void tell_stored(const AssignedPartition& partition) const;
  void tell_not_stored(const AssignedPartition& partition) const;

  PositionStore& store_;
  AssignedPartitions& partitions_;
  const std::size_t metadata_bytes_;
  core::CommitSchedule schedule_;
  Counters& counters_;
  Log& log_;
  core::RepeatedTrouble trouble_;                           // of all
  std::map<std::string, core::RepeatedTrouble> of_topics_;  // what is refused of some
  // Refused, or maybe. Each goes alone: what is refused of one makes an answer unsure for those beside it.
  std::set<TopicPartition> refused_;
  bool went_alone_ = false;
  std::vector<Sent> sent_;  // the commit in flight; none where partitions are apart, which know it themselves
  std::uint64_t last_sent_ = 0;
  Time sent_at_{};
  std::uint64_t last_stale_ = 0;
  bool released_ = false;
};

// A connection's committers: Kafka's first, then one for each store that its topics name. Thread: the listener's.
class Committers {
 public:
  Committer& add(std::unique_ptr<Committer> committer) {
    all_.push_back(std::move(committer));
    return *all_.back();
  }
  // Null: none commits there.
  [[nodiscard]] Committer* of(const PositionStore& store) {
    for (const auto& each : all_) {
      if (&each->store() == &store) return each.get();
    }
    return nullptr;
  }
  void turn(Time now) {
    for (const auto& each : all_) each->turn(now);
  }
  [[nodiscard]] std::optional<Time> wakes_at(Time now) const {
    std::optional<Time> at;
    for (const auto& each : all_) {
      if (const auto one = each->wakes_at(now)) at = at ? std::min(*at, *one) : one;
    }
    return at;
  }
  [[nodiscard]] bool take_released() {
    bool released = false;
    for (const auto& each : all_) released |= each->take_released();
    return released;
  }

 private:
  std::vector<std::unique_ptr<Committer>> all_;
};

}  // namespace braid::engine
