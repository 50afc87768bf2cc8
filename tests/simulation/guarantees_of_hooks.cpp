#include "simulation/guarantees_of_hooks.hpp"

#include "simulation/fake_kafka.hpp"
#include "simulation/steered_partition.hpp"

#include <braid/batch.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace braid::simulation {

namespace {

std::int64_t microseconds(engine::Duration duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

// Looks at partitions whose topic asks for hooks.
class OfHooks : public Guarantee {
 public:
  OfHooks(World& world, Happening check, std::vector<FakePartition*> partitions)
      : Guarantee(world, check), partitions_(std::move(partitions)) {}

 protected:
  [[nodiscard]] const Promises& promises(const Incarnation& of) const {
    return partitions_[static_cast<std::size_t>(of.partition)]->promises;
  }

 private:
  std::vector<FakePartition*> partitions_;
};

// Only where it was asked for, behind a job of that virtual partition, between two attempts of no job; and no more
// often than the time that has passed allows: what is due while another is owed or under way is left out.
class TicksInPlace final : public OfHooks {
 public:
  using OfHooks::OfHooks;
  [[nodiscard]] const char* name() const override { return "a tick is in its place"; }
  void job_begins(const JobFacts& job) override {
    auto& from = job.incarnation->virtual_partitions[job.virtual_partition].ticks_from;
    if (!from) from = microseconds(world_.clock.elapsed());
  }
  void call_begins(const HookFacts& hook) override {
    if (!hook.tick) return;
    checked();
    Incarnation& of = *hook.incarnation;
    const std::uint32_t index = hook.where->index().value;
    VirtualPartitionFacts& facts = of.virtual_partitions[index];
    if (of.steered->paused()) world_.happened(Happening::tick_while_paused);
    const auto every = promises(of).tick_every;
    if (!every || !facts.ticks_from) {
      violated(fmt::format("#{}.{}: a tick that nobody asked for", of.partition, index));
    }
    if (facts.retry_from) {
      violated(fmt::format("#{}.{}: a tick while {} is to be tried again", of.partition, index, *facts.retry_from));
    }
    // One may be called late, and the next one in time; and the partition may tick since before its first job.
    const std::int64_t passed = microseconds(world_.clock.elapsed()) - *facts.ticks_from;
    if (++facts.ticks > passed / microseconds(*every) + 2) {
      violated(fmt::format("#{}.{}: {} ticks within {} us", of.partition, index, facts.ticks, passed));
    }
  }
};

// All that came before the end has settled, in the virtual partition, with batches in the partition; and each end
// is heard of once.
class EndsAreHeard final : public OfHooks {
 public:
  using OfHooks::OfHooks;
  [[nodiscard]] const char* name() const override { return "an end is heard of behind what came before"; }
  void job_begins(const JobFacts& job) override {
    Incarnation& of = *job.incarnation;
    VirtualPartitionFacts& facts = of.virtual_partitions[job.virtual_partition];
    const std::int64_t first = job.batch->front().offset().value;
    if (facts.first_given < 0) facts.first_given = first;
    if (!promises(of).end_of_partition) return;
    const std::int64_t heard = promises(of).continuous ? facts.end_heard : heard_by_anybody(of);
    checked();
    if (first > heard) return;
    violated(fmt::format("#{}.{}: {} begins, and the end behind {} was told", of.partition, job.virtual_partition,
                         first, heard));
  }
  void job_ends(const JobFacts& job) override {
    job.incarnation->virtual_partitions[job.virtual_partition].returned_at = world_.step;
    job.incarnation->returned_at = world_.step;
  }
  void call_begins(const HookFacts& hook) override {
    if (hook.tick) return;
    checked();
    Incarnation& of = *hook.incarnation;
    const std::uint32_t index = hook.where->index().value;
    VirtualPartitionFacts& facts = of.virtual_partitions[index];
    // The first that it can be.
    const auto end = std::find_if(of.ends.begin(), of.ends.end(), [&](const EndReached& each) {
      // With batches whoever is in the batch that reaches it hears of it.
      const bool before_its_first = promises(of).continuous && each.highest_taken < facts.first_given;
      return each.highest_taken > facts.end_heard && !before_its_first;
    });
    if (!promises(of).end_of_partition || end == of.ends.end()) {
      violated(fmt::format("#{}.{}: an end is told that was not reached, or another time", of.partition, index));
    }
    if (facts.end_heard >= 0) world_.happened(Happening::end_heard_again);
    facts.end_heard = end->highest_taken;
    facts.end_heard_at = world_.step;
    check(hook, facts);
  }

 private:
  static std::int64_t heard_by_anybody(const Incarnation& of) {
    std::int64_t heard = -1;
    for (const auto& [index, facts] : of.virtual_partitions) heard = std::max(heard, facts.end_heard);
    return heard;
  }
  void check(const HookFacts& hook, const VirtualPartitionFacts& facts) {
    const Incarnation& of = *hook.incarnation;
    std::optional<std::int64_t> open = facts.retry_from;
    if (!promises(of).manual_offsets) {
      open = hook.first_open;
      const auto first =
          std::ranges::find_if(of.open, [&](std::int64_t each) { return !of.parked.contains(each); });
      if (!promises(of).continuous && first != of.open.end()) open = *first;
    }
    if (!open || *open > facts.end_heard) return;
    violated(fmt::format("#{}.{}: the end behind {} is told, and {} is not done", of.partition,
                         hook.where->index().value, facts.end_heard, *open));
  }
};

}  // namespace

bool ends_are_heard(const FakePartition& partition) {
  const auto current = partition.current.lock();
  if (!partition.promises.end_of_partition || !current || current->ended || current->ends.empty()) return true;
  const EndReached& last = current->ends.back();
  return std::all_of(current->virtual_partitions.begin(), current->virtual_partitions.end(), [&](const auto& each) {
    const VirtualPartitionFacts& facts = each.second;
    if (facts.first_given < 0 || facts.first_given > last.highest_taken) return true;
    const std::uint64_t returned = partition.promises.continuous ? facts.returned_at : current->returned_at;
    return facts.end_heard_at >= std::max(last.step, returned);
  });
}

void add_guarantees_of_hooks(World& world, const GuaranteeSetting& setting,
                             std::vector<std::unique_ptr<Guarantee>>& all) {
  all.push_back(std::make_unique<TicksInPlace>(world, Happening::checked_hooks, setting.partitions));
  all.push_back(std::make_unique<EndsAreHeard>(world, Happening::checked_ends, setting.partitions));
}

}  // namespace braid::simulation
