#include "simulation/guarantees_by_topic.hpp"

#include "simulation/fake_kafka.hpp"
#include "simulation/fake_messages.hpp"

#include <braid/batch.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>

namespace braid::simulation {

namespace {

// Looks at partitions whose topic promises something.
class ByTopic : public Guarantee {
 public:
  ByTopic(World& world, Happening check, const GuaranteeSetting& setting)
      : Guarantee(world, check), partitions_(setting.partitions) {}

 protected:
  [[nodiscard]] FakePartition& partition(const Incarnation& of) const {
    return *partitions_[static_cast<std::size_t>(of.partition)];
  }
  [[nodiscard]] const Promises& promises(const Incarnation& of) const { return partition(of).promises; }
  [[nodiscard]] const std::vector<FakePartition*>& partitions() const { return partitions_; }

 private:
  std::vector<FakePartition*> partitions_;
};

// A key that may move keeps its virtual partition while any message of it is in flight. Where messages are placed
// as they are taken, one that was taken before an earlier one of its key was finished belongs to the same place.
class KeysStayInFlight final : public ByTopic {
 public:
  using ByTopic::ByTopic;
  [[nodiscard]] const char* name() const override { return "a key stays while it is in flight"; }
  void job_begins(const JobFacts& job) override {
    Incarnation& incarnation = *job.incarnation;
    const Promises& promised = promises(incarnation);
    if (promised.keys_stay || job.collapsed) return;
    for (const Message& message : *job.batch) {
      const FakeDelivery& delivery = delivery_of(message);
      if (delivery.key < 0) continue;
      const auto [home, new_here] = incarnation.homes.try_emplace(delivery.key, KeyHome{job.virtual_partition});
      if (new_here || home->second.virtual_partition == job.virtual_partition) continue;
      world_.happened(Happening::key_moved);
      if (promised.keys_stay_in_flight) check(job, delivery, home->second);
      home->second.virtual_partition = job.virtual_partition;
    }
  }

 private:
  void check(const JobFacts& job, const FakeDelivery& delivery, const KeyHome& home) {
    checked();
    if (delivery.taken_at_step >= home.finished_at) return;
    violated(fmt::format("#{}: {} of key {} is in virtual partition {}; when it was taken, {} had an earlier one",
                         job.incarnation->partition, delivery.offset, delivery.key, job.virtual_partition,
                         home.virtual_partition));
  }
};

// Where what follows waits for the commit, a virtual partition begins nothing new before the group has stored what
// it finished last.
class WhatFollowsWaits final : public ByTopic {
 public:
  using ByTopic::ByTopic;
  [[nodiscard]] const char* name() const override { return "what follows waits for the commit"; }
  void job_begins(const JobFacts& job) override {
    if (!promises(*job.incarnation).waits_for_commit) return;
    const VirtualPartitionFacts& facts = *job.facts;
    if (facts.retry_from || facts.awaited_through < 0) return;
    checked();
    world_.happened(Happening::commit_waited_for);
    if (facts.covered_through >= facts.awaited_through) return;
    if (facts.awaited_through < job.incarnation->told_below) return;
    violated(fmt::format("#{}.{}: {} begins, and no commit has told of {}", job.incarnation->partition,
                         job.virtual_partition, job.batch->front().offset().value, facts.awaited_through));
  }
};

// Nothing begins before the group has stored the position behind it, and so nothing begins twice; a member that
// ends somehow loses no more than the batch in hand.
class AtMostOnce final : public ByTopic {
 public:
  using ByTopic::ByTopic;
  [[nodiscard]] const char* name() const override { return "at most once"; }
  void job_begins(const JobFacts& job) override {
    if (!promises(*job.incarnation).at_most_once) return;
    FakePartition& partition = this->partition(*job.incarnation);
    // Another member has moved it by a seek, and this one has not heard that it lost it.
    if (job.incarnation->id < partition.moved_by) return;
    for (const Message& message : *job.batch) {
      const std::int64_t offset = message.offset().value;
      checked();
      if (!partition.stored || offset >= *partition.stored) {
        violated(
            fmt::format("#{}: {} begins, stored is {}", partition.index, offset, partition.stored.value_or(-1)));
      }
      FakeRecord& record = *partition.log.find(offset);
      record.begun_by = std::max(record.begun_by, job.incarnation->id);
      if (std::exchange(record.begun, true)) {
        violated(fmt::format("#{}: {} begins a second time", partition.index, offset));
      }
    }
  }
  void run_ends() override {
    for (const FakePartition* partition : partitions()) {
      if (partition->promises.at_most_once) count_lost(*partition);
    }
  }

 private:
  void count_lost(const FakePartition& partition) {
    std::map<std::uint64_t, std::size_t> lost;
    for (const FakeRecord& record : partition.log.records()) {
      const bool gone = record.offset < partition.log.start() || record.offset < partition.skipped_below;
      if (record.begun || record.skipped || gone) continue;
      checked();
      world_.happened(Happening::message_lost_by_crash);
      if (++lost[record.committed_by] <= partition.promises.max_messages) continue;
      violated(fmt::format("#{}: {} is the last of more than {} that incarnation {} committed and never began",
                           partition.index, record.offset, partition.promises.max_messages, record.committed_by));
    }
  }
};

// Only so many jobs of a topic are in user code at once, over all connections of a process.
class Capped final : public ByTopic {
 public:
  using ByTopic::ByTopic;
  [[nodiscard]] const char* name() const override { return "capped"; }
  void job_begins(const JobFacts& job) override {
    std::uint32_t& inside = inside_of(job);
    const auto most = promises(*job.incarnation).max_concurrency;
    ++inside;
    if (!most) return;
    checked();
    if (inside == *most) world_.happened(Happening::cap_reached);
    if (inside > *most) {
      violated(fmt::format("process {}: {} jobs of #{}'s topic run, {} may", job.process, inside,
                           job.incarnation->partition, *most));
    }
  }
  void job_ends(const JobFacts& job) override { --inside_of(job); }

 private:
  std::uint32_t& inside_of(const JobFacts& job) {
    return inside_[{job.process, partition(*job.incarnation).name.topic}];
  }
  std::map<std::pair<int, std::string>, std::uint32_t> inside_;
};

// Nothing is committed unasked where that is the policy; and what was asked for goes with a partition that is given
// back in good order.
class AskedIsCommitted final : public ByTopic {
 public:
  AskedIsCommitted(World& world, Happening check, const GuaranteeSetting& setting)
      : ByTopic(world, check, setting), metadata_has_room_(setting.metadata_has_room) {}
  [[nodiscard]] const char* name() const override { return "what is asked for is committed"; }
  void commit_sent(const Incarnation& of, std::int64_t position) override {
    if (!promises(of).on_demand) return;
    checked();
    if (of.asked || (of.sought && !of.start_known)) return;
    violated(fmt::format("#{}: position {} is sent, and nobody has asked for it", of.partition, position));
  }
  void given_back(const Incarnation& of) override {
    if (!promises(of).on_demand || of.asked_through < of.start || of.jobs_inside > 0 || of.inexact ||
        !metadata_has_room_)
      return;
    checked();
    if (of.asked_through < of.last_sent || of.last_told.contains(of.asked_through)) return;
    violated(fmt::format("#{}: it is given back, and the commit of {}, which was asked for, has not been sent",
                         of.partition, of.asked_through));
  }

 private:
  bool metadata_has_room_;
};

}  // namespace

void add_guarantees_by_topic(World& world, const GuaranteeSetting& setting,
                             std::vector<std::unique_ptr<Guarantee>>& all) {
  all.push_back(std::make_unique<KeysStayInFlight>(world, Happening::checked_sticky, setting));
  all.push_back(std::make_unique<WhatFollowsWaits>(world, Happening::checked_waits, setting));
  all.push_back(std::make_unique<AtMostOnce>(world, Happening::checked_at_most_once, setting));
  all.push_back(std::make_unique<Capped>(world, Happening::checked_capped, setting));
  all.push_back(std::make_unique<AskedIsCommitted>(world, Happening::checked_asked, setting));
}

}  // namespace braid::simulation
