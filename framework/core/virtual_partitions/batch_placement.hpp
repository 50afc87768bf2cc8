#pragma once

#include "core/virtual_partitions/placement.hpp"

#include <braid/message.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace braid::core {

// Places the batches of one assignment under `flow: batch`, where at most one gathers and at most one is present,
// and releases what is done. Thread: the listener's.
//
// What is remembered of a batch is kept here and not with it: nothing at all unless the reducer wants it back.
class BatchPlacement {
 public:
  explicit BatchPlacement(std::unique_ptr<Placement> placement) : placement_(std::move(placement)) {}

  // Places the gathering batch: indexes[i] is the virtual partition of messages[i]. What an earlier call made of it
  // is given up. Both vectors are resized; `keys` is scratch memory.
  PartitionerReport place_gathering(std::span<const Message> messages, std::vector<std::uint32_t>& indexes,
                                    std::vector<KeyId>& keys);
  // The gathering batch is the present one now. Requires that there is none.
  void started();
  // The present batch is done. If the gathering one was armed behind it, started() follows.
  void settled();
  // The gathering batch will not run.
  void dropped();

 private:
  struct Placed {
    std::vector<std::uint32_t> indexes;
    std::vector<KeyId> keys;
  };
  void release(Placed& placed);

  std::unique_ptr<Placement> placement_;
  Placed gathering_;
  Placed present_;
};

}  // namespace braid::core
