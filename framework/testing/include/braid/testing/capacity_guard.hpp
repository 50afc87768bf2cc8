#pragma once

#include <braid/offset.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace braid::testing {

// Keeps a producer from running ahead of its consumers by more than an EmbeddedCluster's partition can hold, since
// it would drop the oldest messages in silence. Told what is sent, delivered and committed, it says how much more
// may go. Pure: no Kafka, no clock. Thread: its owner's.
//
// The partition of a message sent by its key is known only when it is delivered, so what is under way counts
// against every partition.
class CapacityGuard {
 public:
  // Well below the 5 MiB that a partition keeps: batches are trimmed whole, and overhead is not counted here.
  static constexpr std::size_t kBytesAheadMax = std::size_t{2} << 20;

  explicit CapacityGuard(std::size_t bytes_ahead_max = kBytesAheadMax) : bytes_ahead_max_(bytes_ahead_max) {}

  // Bytes are key, payload and headers of one message; the same number comes back in delivered() or failed().
  void sent(std::size_t bytes);
  void delivered(const std::string& topic, PartitionNumber partition, Offset offset, std::size_t bytes);
  void failed(std::size_t bytes);
  // What the consumers' group has committed. Positions that go back are ignored: what they freed is gone.
  void committed(const std::string& topic, PartitionNumber partition, CommitPosition position);

  // How many bytes may be sent now, wherever their keys lead. 0: wait for commits.
  [[nodiscard]] std::size_t room() const;
  // How far a partition's log is ahead of its committed position.
  [[nodiscard]] std::size_t bytes_ahead(const std::string& topic, PartitionNumber partition) const;
  [[nodiscard]] std::size_t bytes_under_way() const { return under_way_; }

 private:
  struct Log {
    std::map<std::int64_t, std::size_t> uncommitted;  // offset → bytes; reports of retries may come out of order
    std::size_t bytes = 0;
    CommitPosition committed;
  };

  const std::size_t bytes_ahead_max_;
  std::size_t under_way_ = 0;
  std::map<std::pair<std::string, PartitionNumber>, Log> logs_;
};

}  // namespace braid::testing
