#include "simulation/guarantees_of_steering.hpp"

#include "simulation/fake_kafka.hpp"
#include "simulation/steered_partition.hpp"

#include <fmt/format.h>

namespace braid::simulation {

namespace {

// From the call on: until its time has come, or somebody resumes; or until the seek was obeyed, and then it is
// another incarnation's turn.
class HeldStartsNothing final : public Guarantee {
 public:
  using Guarantee::Guarantee;
  [[nodiscard]] const char* name() const override { return "nothing starts while it is held"; }
  void job_begins(const JobFacts& job) override {
    if (!job.incarnation->steered->has_control()) return;
    checked();
    if (job.has_begun || !job.incarnation->steered->held()) return;
    violated(fmt::format("#{}.{}: a job begins, though its partition {}", job.incarnation->partition,
                         job.virtual_partition,
                         job.incarnation->steered->seek_waits() ? "is to go on elsewhere" : "is paused"));
  }
};

// Where a consumer has sent its partition is told to the group before the partition is given back.
class TargetIsStored final : public Guarantee {
 public:
  TargetIsStored(World& world, const GuaranteeSetting& setting)
      : Guarantee(world, Happening::checked_target), partitions_(setting.partitions) {}
  [[nodiscard]] const char* name() const override { return "a seek's target is committed at once"; }
  void given_back(const Incarnation& of) override {
    // A transaction that fails then is not tried again.
    if (!of.sought || partitions_[static_cast<std::size_t>(of.partition)]->promises.exactly_once) return;
    checked();
    if (of.last_sent >= of.start || of.fenced) return;
    violated(fmt::format("#{}: it is given back, and {}, where a consumer has sent it, was not sent", of.partition,
                         of.start));
  }

 private:
  std::vector<FakePartition*> partitions_;
};

}  // namespace

void add_guarantees_of_steering(World& world, const GuaranteeSetting& setting,
                                std::vector<std::unique_ptr<Guarantee>>& all) {
  all.push_back(std::make_unique<HeldStartsNothing>(world, Happening::checked_held));
  all.push_back(std::make_unique<TargetIsStored>(world, setting));
}

}  // namespace braid::simulation
