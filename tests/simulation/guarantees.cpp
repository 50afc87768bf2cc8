#include "simulation/guarantees.hpp"

#include "simulation/fake_kafka.hpp"
#include "simulation/fake_messages.hpp"
#include "simulation/guarantees_by_topic.hpp"
#include "simulation/guarantees_of_filters.hpp"
#include "simulation/guarantees_of_hooks.hpp"
#include "simulation/guarantees_of_recovery.hpp"
#include "simulation/guarantees_of_steering.hpp"
#include "simulation/guarantees_of_transactions.hpp"

#include <braid/batch.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

namespace braid::simulation {

namespace {

// A committed position never passes a record that no user code finished, and never moves back.
class NothingIsLost final : public Guarantee {
 public:
  using Guarantee::Guarantee;
  [[nodiscard]] const char* name() const override { return "nothing is lost"; }
  void commit_applied(FakePartition& partition, std::int64_t position) override {
    // At most once: given up, and a batch that was not begun is given back by the position before it.
    if (partition.promises.at_most_once) return;
    checked();
    const std::int64_t from = std::max(partition.stored.value_or(0), partition.skipped_below);
    const auto unfinished = partition.log.first_unfinished(from);
    if (unfinished && *unfinished < position) {
      violated(fmt::format("#{}: position {} is stored, and nobody finished {}", partition.index, position,
                           *unfinished));
    }
    if (partition.stored && position < *partition.stored) {
      violated(fmt::format("#{}: the stored position moves back from {} to {}", partition.index, *partition.stored,
                           position));
    }
    // A consumer may have sent it behind the log.
    if (position > std::max(partition.log.end(), partition.stored.value_or(0)))
      violated(fmt::format("#{}: {} is behind the log", partition.index, position));
  }
};

// What is sent is the lowest offset that is not done; or the one after the highest, or the log's end; never
// further. It may lag while jobs run, but not behind a partition that is given back.
class PositionIsExact final : public Guarantee {
 public:
  PositionIsExact(World& world, std::vector<FakePartition*> partitions)
      : Guarantee(world, Happening::checked_position), partitions_(std::move(partitions)) {}
  [[nodiscard]] const char* name() const override { return "the position is exact"; }
  void commit_sent(const Incarnation& of, std::int64_t position) override {
    if (promises(of).at_most_once) return;  // another position: see there
    checked();
    if (position > of.position()) {
      violated(fmt::format("#{}: position {} is sent, {} is not done", of.partition, position, of.position()));
    }
    // A store is called later than the position was told, and more may have come since.
    if (promises(of).elsewhere()) return;
    FakeLog& log = partitions_[static_cast<std::size_t>(of.partition)]->log;
    const bool has_a_meaning = position == of.start || position == of.highest_taken + 1 ||
                               position == of.end_told || log.find(position) != nullptr ||
                               (waits_beside(of) && log.find(position - 1) != nullptr);
    if (!has_a_meaning) {
      violated(fmt::format("#{}: position {} is no message's and not behind the last one", of.partition, position));
    }
  }

  void given_back(const Incarnation& of) override {
    if (of.highest_taken < of.start || of.jobs_inside > 0 || of.inexact) return;
    if (promises(of).at_most_once || promises(of).on_demand) return;
    // A transaction of which some batch is not done is given up.
    if (promises(of).exactly_once) return;
    checked();
    // What was taken and waited beside is nothing that its position is about: it may end in front of a hole there,
    // or of what was done before, which the metadata goes on telling.
    const std::int64_t sent = std::max(of.last_sent, of.start);
    const bool same_place = waits_beside(of) && sent <= of.position() && nothing_new(of, sent);
    if (sent != of.position() && !same_place) {
      violated(fmt::format("#{}: it is given back at {}, the last position sent is {}", of.partition, of.position(),
                           of.last_sent));
    }
  }

 private:
  // Messages may have been taken that are not open to the engine.
  [[nodiscard]] bool waits_beside(const Incarnation& of) const {
    return promises(of).window > 0 || promises(of).filtered;
  }
  // From there to the position there is nothing but holes and what was done before.
  [[nodiscard]] bool nothing_new(const Incarnation& of, std::int64_t from) const {
    FakeLog& log = partitions_[static_cast<std::size_t>(of.partition)]->log;
    for (std::int64_t offset = from; offset < of.position(); ++offset) {
      if (log.find(offset) != nullptr && !of.done_before.contains(offset)) return false;
    }
    return true;
  }

  [[nodiscard]] const Promises& promises(const Incarnation& of) const {
    return partitions_[static_cast<std::size_t>(of.partition)]->promises;
  }
  std::vector<FakePartition*> partitions_;
};

// What a commit tells to be done beyond its position is done, and is not run again where it was read; whatever
// damaged it on the way. A partition that is given back has told all.
class MetadataIsTrue final : public Guarantee {
 public:
  MetadataIsTrue(World& world, const GuaranteeSetting& setting)
      : Guarantee(world, Happening::checked_metadata),
        partitions_(setting.partitions),
        has_room_(setting.metadata_has_room) {}
  [[nodiscard]] const char* name() const override { return "metadata is true"; }
  void commit_sent(const Incarnation& of, std::int64_t position) override {
    check(of, of.last_told, "told");
    if (!has_room_ && untold(of, position)) world_.happened(Happening::metadata_cut);
  }
  void done_before_read(const Incarnation& of) override { check(of, of.done_before, "believed"); }
  void job_begins(const JobFacts& job) override {
    const Incarnation& of = *job.incarnation;
    for (const Message& message : *job.batch) {
      if (!of.done_before.contains(message.offset().value)) continue;
      violated(fmt::format("#{}: {} begins, which was done before", of.partition, message.offset().value));
    }
  }
  void given_back(const Incarnation& of) override {
    if (of.highest_taken < of.start || of.jobs_inside > 0 || of.inexact || !has_room_ || tells_less(of)) return;
    checked();
    const auto left_out = untold(of, of.position());
    if (!left_out) return;
    violated(fmt::format("#{}: it is given back at {}, and {}, which is done, was not told", of.partition,
                         of.position(), *left_out));
  }

 private:
  [[nodiscard]] bool tells_less(const Incarnation& of) const {
    const Promises& promises = partitions_[static_cast<std::size_t>(of.partition)]->promises;
    return promises.at_most_once || promises.on_demand || promises.exactly_once;
  }
  // The first that is done, at or behind the position, and not in what was told last.
  [[nodiscard]] std::optional<std::int64_t> untold(const Incarnation& of, std::int64_t position) const {
    const FakeLog& log = partitions_[static_cast<std::size_t>(of.partition)]->log;
    const auto& records = log.records();
    for (std::size_t i = log.index_at(position); i < records.size(); ++i) {
      const std::int64_t offset = records[i].offset;
      if (of.open.contains(offset)) continue;
      const bool done = offset <= of.highest_taken || of.done_before.contains(offset);
      if (done && !of.last_told.contains(offset)) return offset;
    }
    return std::nullopt;
  }
  void check(const Incarnation& of, const std::set<std::int64_t>& done, const char* what) {
    checked();
    // A seek has left it behind: what is to be done again was not told so to it.
    if (of.id < partitions_[static_cast<std::size_t>(of.partition)]->moved_by) return;
    FakeLog& log = partitions_[static_cast<std::size_t>(of.partition)]->log;
    for (const std::int64_t offset : done) {
      const FakeRecord* record = log.find(offset);
      if (offset < log.end() && (record == nullptr || record->finished)) continue;
      violated(fmt::format("#{}: {} is {} to be done, and nobody finished it", of.partition, offset, what));
    }
  }

  std::vector<FakePartition*> partitions_;
  bool has_room_;
};

// Within a virtual partition in the order of offsets, within a key without a gap, whatever virtual partitions it is
// in; a retry begins where it failed.
class Order final : public Guarantee {
 public:
  Order(World& world, std::vector<FakePartition*> partitions)
      : Guarantee(world, Happening::checked_order), partitions_(std::move(partitions)) {}
  [[nodiscard]] const char* name() const override { return "order"; }
  void job_begins(const JobFacts& job) override {
    checked();
    Incarnation& incarnation = *job.incarnation;
    const VirtualPartitionFacts& facts = *job.facts;
    const std::int64_t first = job.batch->front().offset().value;
    if (first <= facts.done_through) {
      violated(fmt::format("#{}.{}: {} begins again, {} is done", incarnation.partition, job.virtual_partition,
                           first, facts.done_through));
    }
    if (facts.retry_from && *facts.retry_from != first) {
      violated(fmt::format("#{}.{}: {} begins, where {} is to be tried again", incarnation.partition,
                           job.virtual_partition, first, *facts.retry_from));
    }
    std::int64_t before = -1;
    std::map<int, std::size_t> next = incarnation.next_of_key;
    for (const Message& message : *job.batch) {
      const std::int64_t offset = message.offset().value;
      if (offset <= before) violated(fmt::format("#{}: {} comes after {}", incarnation.partition, offset, before));
      before = offset;
      if (delivery_of(message).key >= 0) look_at(job, delivery_of(message).key, offset, next);
    }
  }

 private:
  void look_at(const JobFacts& job, int key, std::int64_t offset, std::map<int, std::size_t>& next) {
    const Incarnation& incarnation = *job.incarnation;
    const FakeLog& log = partitions_[static_cast<std::size_t>(incarnation.partition)]->log;
    const std::vector<std::int64_t>& offsets = log.of_key(key);
    auto found = next.find(key);
    if (found == next.end()) {
      const auto first = std::lower_bound(offsets.begin(), offsets.end(), incarnation.start);
      found = next.emplace(key, static_cast<std::size_t>(first - offsets.begin())).first;
    }
    const auto passed = [&](std::int64_t each) {
      return incarnation.done_before.contains(each) || incarnation.given_up.contains(each);
    };
    while (passed(offsets[found->second])) ++found->second;
    const std::int64_t expected = offsets[found->second];
    if (expected != offset) {
      violated(fmt::format("#{}.{}: {} of key {} begins, {} is next", incarnation.partition, job.virtual_partition,
                           offset, key, expected));
    }
    ++found->second;
    if (!partitions_[static_cast<std::size_t>(incarnation.partition)]->promises.keys_stay || job.collapsed) return;
    const auto [home, new_here] = homes_.try_emplace({incarnation.partition, key}, job.virtual_partition);
    if (!new_here && home->second != job.virtual_partition) {
      violated(fmt::format("#{}: key {} moves from virtual partition {} to {}", incarnation.partition, key,
                           home->second, job.virtual_partition));
    }
  }

  std::vector<FakePartition*> partitions_;
  std::map<std::pair<int, int>, std::uint32_t> homes_;  // of keys
};

// One job a virtual partition, in a process, over all generations and connections; and a new generation begins
// nothing before every job of the earlier ones has returned.
class OneJob final : public Guarantee {
 public:
  using Guarantee::Guarantee;
  [[nodiscard]] const char* name() const override { return "one job a virtual partition"; }
  void job_begins(const JobFacts& job) override {
    enter(job.process, job.incarnation->partition, job.virtual_partition, job.incarnation->generation);
  }
  void job_ends(const JobFacts& job) override {
    leave(job.process, job.incarnation->partition, job.virtual_partition);
  }
  void hook_begins(int process, int partition, const VirtualPartition& where) override {
    enter(process, partition, where.index().value, where.generation().value);
  }
  void hook_ends(int process, int partition, const VirtualPartition& where) override {
    leave(process, partition, where.index().value);
  }
  void call_begins(const HookFacts& hook) override {
    enter(hook.process, hook.incarnation->partition, hook.where->index().value, hook.where->generation().value);
    const bool alone = inside_[{hook.process, hook.incarnation->partition}].size() == 1;
    if (!alone && hook.tick) world_.happened(Happening::tick_beside_others);
  }
  void call_ends(const HookFacts& hook) override {
    leave(hook.process, hook.incarnation->partition, hook.where->index().value);
  }

 private:
  void enter(int process, int partition, std::uint32_t index, std::uint64_t generation) {
    checked();
    auto& inside = inside_[{process, partition}];
    for (const auto& [other, its_generation] : inside) {
      if (other == index) violated(fmt::format("#{}.{}: two at once", partition, index));
      if (its_generation != generation) {
        violated(fmt::format("#{}.{}: generation {} begins while generation {} still runs", partition, index,
                             generation, its_generation));
      }
    }
    inside[index] = generation;
  }
  void leave(int process, int partition, std::uint32_t index) { inside_[{process, partition}].erase(index); }

  std::map<std::pair<int, int>, std::map<std::uint32_t, std::uint64_t>> inside_;
};

// What had not started when its assignment ended never starts; messages of one incarnation stay in its generation;
// nothing comes after a virtual partition's last hook.
class LateIsDropped final : public Guarantee {
 public:
  using Guarantee::Guarantee;
  [[nodiscard]] const char* name() const override { return "late is dropped"; }
  void job_begins(const JobFacts& job) override {
    checked();
    Incarnation& incarnation = *job.incarnation;
    const VirtualPartition& where = job.batch->virtual_partition();
    if ((incarnation.ending || incarnation.ended) && !job.has_begun) {
      violated(fmt::format("#{}.{}: a job begins though its assignment has ended", incarnation.partition,
                           job.virtual_partition));
    }
    if (incarnation.generation == 0) incarnation.generation = where.generation().value;
    const auto [of, new_here] = incarnations_.try_emplace({job.process, where.generation().value}, incarnation.id);
    if (incarnation.generation != where.generation().value || (!new_here && of->second != incarnation.id)) {
      violated(fmt::format("#{}.{}: messages fetched for one generation run in another", incarnation.partition,
                           job.virtual_partition));
    }
    for (const Message& message : *job.batch) {
      if (delivery_of(message).incarnation.get() == &incarnation) continue;
      violated(fmt::format("#{}.{}: messages of two generations in one batch", incarnation.partition,
                           job.virtual_partition));
    }
    if (farewells_.contains({job.process, where.generation().value, job.virtual_partition})) {
      violated(
          fmt::format("#{}.{}: a job begins after the last hook", incarnation.partition, job.virtual_partition));
    }
  }
  void call_begins(const HookFacts& hook) override {
    checked();
    const Incarnation& of = *hook.incarnation;
    const std::uint32_t index = hook.where->index().value;
    if (of.ending || of.ended) {
      violated(fmt::format("#{}.{}: a hook begins though its assignment has ended", of.partition, index));
    }
    if (farewells_.contains({hook.process, hook.where->generation().value, index})) {
      violated(fmt::format("#{}.{}: a hook begins after the last one", of.partition, index));
    }
  }
  void hook_begins(int process, int partition, const VirtualPartition& where) override {
    if (!farewells_.try_emplace({process, where.generation().value, where.index().value}).second) {
      violated(fmt::format("#{}.{}: the last hook comes twice", partition, where.index().value));
    }
  }

 private:
  std::map<std::pair<int, std::uint64_t>, std::uint64_t> incarnations_;  // by process and generation
  std::map<std::tuple<int, std::uint64_t, std::uint32_t>, bool> farewells_;
};

// A partition holds only so many messages, however slow its consumers are.
class Bounded final : public Guarantee {
 public:
  Bounded(World& world, const GuaranteeSetting& setting)
      : Guarantee(world, Happening::checked_bounded), setting_(setting) {}
  [[nodiscard]] const char* name() const override { return "bounded"; }
  void taken(Incarnation& by, std::size_t out) override {
    checked();
    const Bounds& bounds = setting_.partitions[static_cast<std::size_t>(by.partition)]->bounds;
    if (by.open.size() > bounds.open) {
      violated(fmt::format("#{}: {} messages are open, {} are allowed", by.partition, by.open.size(), bounds.open));
    }
    if (out > bounds.held) {
      violated(fmt::format("#{}: {} messages are held, {} are allowed", by.partition, out, bounds.held));
    }
    if (window_of(by) > 0 && !by.open.empty() && by.highest_taken - *by.open.begin() >= window_of(by)) {
      world_.happened(Happening::held_back);
    }
  }
  // What begins has been admitted, and the lowest open offset only grows.
  void job_begins(const JobFacts& job) override {
    const Incarnation& of = *job.incarnation;
    if (window_of(of) == 0 || of.ended || of.open.empty()) return;
    checked();
    const std::int64_t last = job.batch->back().offset().value;
    if (last - *of.open.begin() < window_of(of)) return;
    violated(fmt::format("#{}: {} begins, {} is open, the window is {}", of.partition, last, *of.open.begin(),
                         window_of(of)));
  }

 private:
  [[nodiscard]] std::int64_t window_of(const Incarnation& of) const {
    return setting_.partitions[static_cast<std::size_t>(of.partition)]->promises.window;
  }
  GuaranteeSetting setting_;
};

}  // namespace

Guarantees::Guarantees(World& world, const GuaranteeSetting& setting) {
  // Late before order and one job: it learns the generation.
  all_.push_back(std::make_unique<LateIsDropped>(world, Happening::checked_late));
  all_.push_back(std::make_unique<OneJob>(world, Happening::checked_one_job));
  all_.push_back(std::make_unique<Order>(world, setting.partitions));
  all_.push_back(std::make_unique<NothingIsLost>(world, Happening::checked_lost));
  all_.push_back(std::make_unique<PositionIsExact>(world, setting.partitions));
  all_.push_back(std::make_unique<MetadataIsTrue>(world, setting));
  all_.push_back(std::make_unique<Bounded>(world, setting));
  add_guarantees_by_topic(world, setting, all_);
  add_guarantees_of_steering(world, setting, all_);
  add_guarantees_of_hooks(world, setting, all_);
  add_guarantees_of_filters(world, setting, all_);
  add_guarantees_of_transactions(world, setting, all_);
  add_guarantees_of_recovery(world, setting, all_);
}

}  // namespace braid::simulation
