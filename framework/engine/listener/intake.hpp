#pragma once

#include "core/offsets/partition_offsets.hpp"
#include "engine/ports/consumer_client.hpp"
#include "engine/worker/assignment.hpp"
#include "engine/worker/byte_budget.hpp"

#include <braid/message.hpp>

#include <cstddef>
#include <optional>
#include <vector>

namespace braid::engine {

// How messages come into an assignment, whatever its flow: taken from the client's queue, filtered by offset,
// counted, and held against the bounds in bytes; and how the partition's end waits behind those that are held back.
// Thread: the listener's. A part of its runner.
class Intake {
 public:
  Intake(Assignment& assignment, core::PartitionOffsets& offsets, ByteBudget& budget)
      : assignment_(assignment), offsets_(offsets), bytes_(budget, assignment.topic().max_bytes) {}

  // Takes at most `room` messages behind what is in `into`; those that pass stay there. Remembers the end.
  TakeReport take(PartitionQueue& queue, std::size_t room, std::vector<Message>& into);
  // The partition's end was met, and nothing is held back before it any more: true once for each end. It is told
  // once, so it waits with what is held back; nothing is taken before that is gone.
  [[nodiscard]] bool pass_end(bool nothing_held_back);
  void forget_end() { end_.reset(); }

  [[nodiscard]] HeldBytes& bytes() { return bytes_; }
  [[nodiscard]] const HeldBytes& bytes() const { return bytes_; }
  // How large a message is on average of the `held` that are here: how large the next ones are is only known behind
  // the take.
  [[nodiscard]] std::size_t average_size(std::size_t held) const;

 private:
  Assignment& assignment_;
  core::PartitionOffsets& offsets_;
  HeldBytes bytes_;
  std::optional<TakeReport> end_;
  std::vector<Message> dropped_;  // scratch
};

}  // namespace braid::engine
