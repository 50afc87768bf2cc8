#pragma once

#include "core/offsets/partition_offsets.hpp"
#include "core/recovery/filter_chain.hpp"
#include "engine/listener/intake.hpp"
#include "engine/listener/partition_runner.hpp"

#include <braid/filter.hpp>
#include <braid/message.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace braid::engine {

// The filters of one assignment: FilterChain asks them, this does what they say. The runner shows what has come;
// what waits stays with the runner, held back, and is shown again.
//
//   held back, taken ──admit()──▶ passes: open, the runner's
//                        ├─────▶ skipped: open and done at once, freed
//                        └─────▶ waits, with all behind it: not open, held back
//
// Thread: the listener's. A part of its runner; there is none where the topic has no filters.
class PartitionFilters {
 public:
  // Null: the topic has none. `together`: there are no filters of virtual partitions; they are asked with the
  // others.
  static std::unique_ptr<PartitionFilters> make(Assignment& assignment, core::PartitionOffsets& offsets,
                                                Intake& intake, const RunnerTools& tools, bool together);
  PartitionFilters(Assignment& assignment, core::PartitionOffsets& offsets, Intake& intake,
                   const RunnerTools& tools, bool together);

  // One take brings at most so many, since what is behind one that waits is held.
  static constexpr std::size_t kTakeMost = 512;

  // --- the partition's stage

  // Of messages from `from` on, of which the ledger has room for `fit`: those that pass, at most `most`, are open
  // and stand there afterwards, their number is the answer; behind them what was not looked at, or waits.
  std::size_t admit(std::vector<Message>& messages, std::size_t from, std::size_t fit, std::size_t most, Time now);
  // The first message that was held back waits for its time; showing it again is of no use.
  [[nodiscard]] bool head_waits(Time now) const;
  // Until when it does; none: it does not.
  [[nodiscard]] std::optional<Time> waits_until() const { return of_partition_.waits_until(); }
  // When it does no more, or `other`. Requires that what is held back is shown then.
  [[nodiscard]] std::optional<Time> sooner(std::optional<Time> other) const;

  // --- the stage of virtual partitions

  [[nodiscard]] bool any_of_virtual_partitions() const { return !of_virtual_partitions_.empty(); }
  // The first message of a virtual partition, which is open. One that passes must run.
  [[nodiscard]] Verdict ask(const Message& message);
  // These are done though they never ran.
  void skip(std::span<const Message> messages);

  // Says what filters threw, not more often than each second.
  void report(Time now);

 private:
  [[nodiscard]] FilterTime at(Time now) const { return {.now = now, .wall = clock_.wall()}; }
  void take_out_skipped(std::vector<Message>& messages, std::size_t from, std::size_t looked);

  Assignment& assignment_;
  core::PartitionOffsets& offsets_;
  Intake& intake_;
  const Clock& clock_;
  Log& log_;
  core::PartitionCommits& commits_;
  core::FilterChain of_partition_;
  core::FilterChain of_virtual_partitions_;
  core::FilterReport report_;
  Time next_report_ = Time::min();
  std::vector<Message> skipped_;  // scratch
};

}  // namespace braid::engine
