#pragma once

#include <braid/offset.hpp>

#include <string_view>

namespace braid {

class PartitionControl;

namespace engine {
class Assignment;
}

// A virtual partition as its consumer sees it: which share of which partition it is, for one assignment.
// Thread: any; lives as long as the consumer object.
class VirtualPartition {
 public:
  [[nodiscard]] std::string_view topic() const;
  [[nodiscard]] PartitionNumber partition() const;
  [[nodiscard]] VirtualPartitionIndex index() const { return index_; }
  [[nodiscard]] Generation generation() const;
  // The text that Batch::commit_metadata() had stored with the position that this assignment started from. Empty if
  // there was none, or it could not be read.
  [[nodiscard]] std::string_view committed_metadata() const;
  // Under manual offsets: all messages that this virtual partition was given, up to that offset, are done. From any
  // hook and any thread; how else, once a batch is gone? Throws std::invalid_argument for an offset that it was not
  // given yet, and std::logic_error under automatic offsets. Does nothing once lost().
  void mark(Offset offset) const;
  // To pause the partition, or to go on elsewhere in it (braid/partition_control.hpp); a value that may be kept.
  [[nodiscard]] PartitionControl control() const;
  // The assignment has ended, or is about to: nothing new starts. Long work may look at it and return early, by
  // an exception; what it marked counts.
  [[nodiscard]] bool revoked() const;
  // The partition is someone else's already: nothing that is done or marked now counts any more.
  [[nodiscard]] bool lost() const;

  VirtualPartition(const engine::Assignment& assignment, VirtualPartitionIndex index)
      : assignment_(&assignment), index_(index) {}

 private:
  const engine::Assignment* assignment_;
  VirtualPartitionIndex index_;
};

}  // namespace braid
