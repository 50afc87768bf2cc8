#pragma once

#include <braid/batch.hpp>

namespace braid::engine {

// Opens what a Batch is made of to the engine alone.
struct BatchAccess {
  [[nodiscard]] static Share& share(const Batch& batch) { return *batch.share_; }
  // The same batch once more, for a coroutine's frame.
  [[nodiscard]] static Batch again(const Batch& batch) { return {batch.messages_, *batch.where_, *batch.share_}; }
};

}  // namespace braid::engine
