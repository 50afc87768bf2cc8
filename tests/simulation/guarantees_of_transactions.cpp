#include "simulation/guarantees_of_transactions.hpp"

#include "simulation/fake_kafka.hpp"
#include "simulation/incarnation.hpp"
#include "simulation/simulated_filter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace braid::simulation {

namespace {

// Who reads what was committed sees one effect of each message below the position, and none of any other; but of
// those that user code has given up.
class EffectsAreExact final : public Guarantee {
 public:
  EffectsAreExact(World& world, const GuaranteeSetting& setting)
      : Guarantee(world, Happening::checked_effects), effects_(setting.partitions.size()) {}
  [[nodiscard]] const char* name() const override { return "each message takes effect once"; }

  void transaction_applied(FakePartition& partition, const Incarnation& of, std::int64_t position,
                           const std::vector<std::string>& sent) override {
    checked();
    Effects& effects = effects_[static_cast<std::size_t>(partition.index)];
    if (partition.moved_by == of.id && std::exchange(effects.moved_by, of.id) != of.id) effects.move_to(of.start);
    for (const std::string& payload : sent) {
      const std::int64_t offset = std::stoll(payload);
      if (offset >= position)
        violated(fmt::format("#{}: {} takes effect behind {}", partition.index, offset, position));
      if (++effects.times[offset] > 1) violated(fmt::format("#{}: {} takes effect again", partition.index, offset));
    }
    for (std::size_t i = partition.log.index_at(effects.looked_to); i < partition.log.records().size(); ++i) {
      const FakeRecord& record = partition.log.records()[i];
      if (record.offset >= position) break;
      const bool out_of_reach = record.offset < partition.log.start() || record.offset < partition.skipped_below ||
                                (partition.promises.filtered && is_skipped(record.key, record.offset));
      if (effects.times.contains(record.offset) || out_of_reach || partition.effectless.contains(record.offset))
        continue;
      violated(fmt::format("#{}: {} is below {}, and has no effect", partition.index, record.offset, position));
    }
    effects.looked_to = std::max(effects.looked_to, position);
  }

 private:
  struct Effects {
    std::map<std::int64_t, int> times;
    std::int64_t looked_to = 0;
    std::uint64_t moved_by = 0;
    // It was asked for: what is there is done again, and what is left out has no effect.
    void move_to(std::int64_t start) {
      times.erase(times.lower_bound(start), times.end());
      looked_to = start;
    }
  };
  std::vector<Effects> effects_;
};

// A position never passes a message whose record was not delivered, whatever its attempts have said; but of those
// that user code has given up.
class DoneIsDelivered final : public Guarantee {
 public:
  DoneIsDelivered(World& world, const GuaranteeSetting& setting)
      : Guarantee(world, Happening::checked_delivered), looked_to_(setting.partitions.size()) {}
  [[nodiscard]] const char* name() const override { return "what is done has been delivered"; }

  void commit_applied(FakePartition& partition, std::int64_t position) override {
    if (!partition.promises.produces) return;
    checked();
    std::int64_t& looked_to = looked_to_[static_cast<std::size_t>(partition.index)];
    for (std::size_t i = partition.log.index_at(looked_to); i < partition.log.records().size(); ++i) {
      const FakeRecord& record = partition.log.records()[i];
      if (record.offset >= position) break;
      const bool out_of_reach = record.offset < partition.log.start() || record.offset < partition.skipped_below;
      const bool given_up = record.lettered || partition.effectless.contains(record.offset);
      if (partition.produced_for.contains(record.offset) || out_of_reach || given_up) continue;
      violated(fmt::format("#{}: {} is below {}, and its record has not arrived", partition.index, record.offset,
                           position));
    }
    looked_to = std::max(looked_to, position);
  }

 private:
  std::vector<std::int64_t> looked_to_;  // by partition
};

}  // namespace

void add_guarantees_of_transactions(World& world, const GuaranteeSetting& setting,
                                    std::vector<std::unique_ptr<Guarantee>>& all) {
  all.push_back(std::make_unique<EffectsAreExact>(world, setting));
  all.push_back(std::make_unique<DoneIsDelivered>(world, setting));
}

}  // namespace braid::simulation
