#pragma once

#include <braid/offset.hpp>

#include <chrono>
#include <memory>
#include <utility>
#include <variant>

namespace braid {

namespace engine {
class Steering;
}

// Where a partition is to go on.
class SeekTarget {
 public:
  // At that offset, or the next one that is there. Throws std::invalid_argument for a negative one. If it is not in
  // the log, the topic's initial_offset decides.
  [[nodiscard]] static SeekTarget offset(Offset offset);
  // At the first message whose timestamp is that or later; at the end if there is none. Kafka counts milliseconds.
  // Throws std::invalid_argument for one before the epoch.
  [[nodiscard]] static SeekTarget time(std::chrono::system_clock::time_point time);
  // At the beginning of the log, or at its end, as it is when the seek is done.
  [[nodiscard]] static SeekTarget earliest() { return SeekTarget(Earliest{}); }
  [[nodiscard]] static SeekTarget latest() { return SeekTarget(Latest{}); }

 private:
  friend class engine::Steering;
  struct Earliest {};
  struct Latest {};
  using Where = std::variant<Earliest, Latest, Offset, std::chrono::system_clock::time_point>;
  explicit SeekTarget(const Where& where) : where_(where) {}
  Where where_;
};

// What a consumer may ask of its whole partition, all its virtual partitions: made by Batch::control() and
// VirtualPartition::control(), as a value that may be kept and used when the call is over.
//
// It speaks of the partition as long as this connection has it, whatever generations a seek begins. When the
// partition has gone, calls do nothing, and its next owner knows of neither pause nor seek; a seek is only sure to
// count once its position has been committed, which a revocation may forestall.
// Thread: any. No call waits.
class PartitionControl {
 public:
  // Nothing of the partition starts any more: no batch, no job, no attempt; hooks do. What runs goes on to its end,
  // and the membership stays. What was fetched is kept, and more is fetched up to the topic's bounds. Until
  // resume(), or for `duration`, counted from about now; the last call counts. Throws std::invalid_argument for a
  // duration that is not positive.
  void pause() const;
  void pause(std::chrono::milliseconds duration) const;
  void resume() const;
  [[nodiscard]] bool paused() const;

  // Goes on there, as a new generation: what has not started never starts, what runs sees revoked() and lost(), its
  // results change nothing, and consumers get on_revoked(). When all of that has returned, objects are made anew.
  // The position is committed at once, under any policy, though it may be lower than what was; gaps are forgotten.
  // Of several seeks the last one wins. A pause outlasts a seek.
  void seek(const SeekTarget& target) const;

  // For Batch::control() and VirtualPartition::control() alone.
  explicit PartitionControl(std::shared_ptr<engine::Steering> steering) : steering_(std::move(steering)) {}

 private:
  std::shared_ptr<engine::Steering> steering_;
};

}  // namespace braid
