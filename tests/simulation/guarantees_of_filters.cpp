#include "simulation/guarantees_of_filters.hpp"

#include "simulation/fake_kafka.hpp"
#include "simulation/fake_messages.hpp"
#include "simulation/simulated_filter.hpp"

#include <braid/batch.hpp>

#include <fmt/format.h>

namespace braid::simulation {

namespace {

// No consumer sees a message that a filter skips; that all others run in order, and that nothing is lost, is for
// the other guarantees.
class SkippedNeverRuns final : public Guarantee {
 public:
  SkippedNeverRuns(World& world, const GuaranteeSetting& setting)
      : Guarantee(world, Happening::checked_filtered), partitions_(setting.partitions) {}
  [[nodiscard]] const char* name() const override { return "what is skipped never runs"; }
  void job_begins(const JobFacts& job) override {
    const FakePartition& partition = *partitions_[static_cast<std::size_t>(job.incarnation->partition)];
    if (!partition.promises.filtered) return;
    checked();
    for (const Message& message : *job.batch) {
      if (!is_skipped(delivery_of(message))) continue;
      violated(fmt::format("#{}: {} begins, which its filter skips", partition.index, message.offset().value));
    }
  }

 private:
  std::vector<FakePartition*> partitions_;
};

}  // namespace

void add_guarantees_of_filters(World& world, const GuaranteeSetting& setting,
                               std::vector<std::unique_ptr<Guarantee>>& all) {
  all.push_back(std::make_unique<SkippedNeverRuns>(world, setting));
}

}  // namespace braid::simulation
