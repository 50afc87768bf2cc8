#pragma once

#include "simulation/fake_messages.hpp"
#include "simulation/guarantees.hpp"
#include "simulation/simulated_consumer.hpp"
#include "simulation/work_record.hpp"

#include <braid/batch.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace braid::simulation {

// An attempt as user code sees it: tells the guarantees when it begins, and how it ended. Where it was deferred it
// ends when its ticket is settled, and its call has returned. Thread: one.
class ObservedJob {
 public:
  ObservedJob(ConsumerSetting& setting, std::shared_ptr<WorkRecord> record, const Batch& batch, bool has_begun);
  ~ObservedJob() { end(); }
  ObservedJob(const ObservedJob&) = delete;
  ObservedJob& operator=(const ObservedJob&) = delete;

  [[nodiscard]] WorkRecord& record() const { return *record_; }
  [[nodiscard]] const VirtualPartition& where() const { return *where_; }
  [[nodiscard]] int who() const;

  // It was inside until now. The first time counts.
  void end();
  [[nodiscard]] bool ended() const { return ended_; }

 private:
  void count_reasons(const Batch& batch) const;

  ConsumerSetting& setting_;
  std::shared_ptr<WorkRecord> record_;
  const VirtualPartition* where_;
  JobFacts job_;
  bool ended_ = false;
};

// What user code reads of messages while it works on them: it must stay in place as long as they do, whatever is
// done beside. Thread: one.
class ViewsInHand {
 public:
  explicit ViewsInHand(std::span<const Message> messages);
  // Reads all of it once more.
  void check(World& world) const;

 private:
  struct View {
    const FakeDelivery* delivery;  // lives to the end of the run
    std::int64_t offset;
    std::string_view key;
    std::string_view payload;
  };
  std::vector<View> views_;
};

// Reads a message that must be what it was when it was handed out.
void check_memory(World& world, const Message& message);

}  // namespace braid::simulation
