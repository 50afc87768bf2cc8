#pragma once

#include "engine/ports/producer_client.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <utility>

namespace braid::engine {

// The client that a producer has at present. Senders use it without a lock, and one that was replaced is given out
// when none of them can be within it any more.
//
// A sender counts itself in on one of two sides, then reads the client; wait_for_users() sees both sides at 0 once
// each, turning new senders to the other side before. All seq_cst: a sender that was counted in behind that look
// sees what was written before it, the new client of replace() for one. A single side would do too, but might never
// be 0 under load. Thread: Use any; the rest whoever has the turn to serve.
class ClientSlot {
 public:
  explicit ClientSlot(std::unique_ptr<ProducerClient> client) : owned_(std::move(client)), current_(owned_.get()) {}

  // Holds a client for the time of one call, which must not block.
  class Use {
   public:
    Use(ClientSlot& slot) : side_(slot.sides_[slot.side_.load() & 1U]) {
      side_.fetch_add(1);
      client_ = slot.current_.load();
    }
    ~Use() { side_.fetch_sub(1, std::memory_order_release); }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ProducerClient* operator->() const { return client_; }
    [[nodiscard]] ProducerClient* get() const { return client_; }

   private:
    std::atomic<std::uint32_t>& side_;
    ProducerClient* client_;
  };

  // For who has the turn: nobody else replaces it.
  [[nodiscard]] ProducerClient& current() const { return *owned_; }
  // Returns the one before, which nobody uses any more.
  std::unique_ptr<ProducerClient> replace(std::unique_ptr<ProducerClient> next) {
    current_.store(next.get());
    std::swap(owned_, next);
    wait_for_users();
    return next;
  }
  // Until everybody has left it who was within when this began.
  void wait_for_users() {
    for (int round = 0; round < 2; ++round) {
      const std::uint32_t left = side_.fetch_add(1) & 1U;
      while (sides_[left].load() != 0) std::this_thread::yield();  // a call that does not block
    }
  }

 private:
  std::unique_ptr<ProducerClient> owned_;
  std::atomic<ProducerClient*> current_;
  std::atomic<std::uint32_t> side_{0};
  alignas(64) std::array<std::atomic<std::uint32_t>, 2> sides_{};  // each send moves one twice
};

}  // namespace braid::engine
