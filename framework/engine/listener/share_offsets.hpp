#pragma once

#include "core/offsets/partition_offsets.hpp"
#include "engine/worker/running_batch.hpp"

#include <cstddef>
#include <memory>

namespace braid::engine {

// Tells the ledger which offsets are done: who says so is the topic's `offsets`.
// Thread: the listener's. Owned by the runner whose ledger it is.
class ShareOffsets {
 public:
  virtual ~ShareOffsets() = default;
  // What has been marked of a share that runs, or waits for its retry.
  virtual void fold(Share& share) = 0;
  // What has been marked since of shares that have returned.
  virtual void fold_returned() = 0;
  // What was given up of a share that is not done, parked messages aside: they count as done.
  virtual void given_up(Share& share) = 0;
  // Every share of the batch has returned.
  virtual void settled(RunningBatch& batch) = 0;
  // How many offsets are open though their messages are held no more.
  [[nodiscard]] virtual std::size_t returned() const = 0;
};

// `whole_ranges`: all open offsets between a batch's first and last one are the batch's own, so that they can be
// done in one go.
[[nodiscard]] std::unique_ptr<ShareOffsets> make_share_offsets(Assignment& assignment,
                                                               core::PartitionOffsets& offsets, bool whole_ranges);

}  // namespace braid::engine
