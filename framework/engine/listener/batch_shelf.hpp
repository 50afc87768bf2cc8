#pragma once

#include "engine/worker/running_batch.hpp"

#include <cstddef>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

namespace braid::engine {

// Where a runner's batches come from and go to: those that have settled wait until no worker is on its way out of
// them, are freed, and serve again.
//
//   fresh() ──▶ gathers, runs, settles ──retire()──▶ retiring ──reclaim()──▶ spare
//
// Thread: the listener's. A part of its runner.
class BatchShelf {
 public:
  struct Limits {
    std::size_t batches = 1;
    // For messages, in all of the spare ones: what was large once would stay so.
    std::size_t room = std::numeric_limits<std::size_t>::max();
  };
  // More may be out at once than are kept; they are made when needed.
  BatchShelf(std::function<BatchPtr()> make, Limits most) : make_(std::move(make)), most_(most) {}

  [[nodiscard]] BatchPtr fresh();
  void retire(BatchPtr batch) { retiring_.push_back(std::move(batch)); }
  // Frees what nobody holds any more: together, and here, since messages are cheapest to free in bulk on one
  // thread.
  void reclaim();

 private:
  std::function<BatchPtr()> make_;
  Limits most_;
  std::vector<BatchPtr> retiring_;
  std::vector<BatchPtr> spare_;
  std::size_t spare_room_ = 0;
};

}  // namespace braid::engine
