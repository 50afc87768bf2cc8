#pragma once

#include <braid/offset.hpp>

#include <atomic>
#include <cstdint>
#include <stdexcept>

namespace braid::engine {

// How far one virtual partition of an assignment under `offsets: manual` has been marked, over all of its shares.
// Thread: raised by user code, on any; read by the listener at any time.
class MarkedOffsets {
 public:
  // The worker's, before user code sees messages up to `last`: only what was delivered may be marked, or messages
  // that come later would count as done before they were processed.
  void deliver(Offset last) { raise(delivered_, last); }
  // That offset and all delivered ones below it are done. Throws std::invalid_argument for one that was not
  // delivered yet.
  void mark(Offset offset) {
    if (offset.value > delivered_.load(std::memory_order_acquire)) {
      throw std::invalid_argument("mark: this virtual partition was given no message of that offset, or behind it");
    }
    raise(marked_, offset);
  }
  // -1: nothing. Acquire: the effects of what is marked are visible to who reads it.
  [[nodiscard]] Offset marked() const { return {marked_.load(std::memory_order_acquire)}; }

 private:
  // Forward only. Release publishes what the user's code did before; acquire what others did who marked less.
  static void raise(std::atomic<std::int64_t>& to, Offset offset) {
    std::int64_t before = to.load(std::memory_order_relaxed);
    while (before < offset.value && !to.compare_exchange_weak(before, offset.value, std::memory_order_acq_rel)) {
    }
  }

  std::atomic<std::int64_t> delivered_{-1};
  std::atomic<std::int64_t> marked_{-1};
};

}  // namespace braid::engine
