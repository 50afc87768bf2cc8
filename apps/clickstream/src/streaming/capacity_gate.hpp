#pragma once

#include "apps/clickstream/src/streaming/contiguous_position.hpp"

#include <braid/batch.hpp>
#include <braid/testing/capacity_guard.hpp>

#include <condition_variable>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>

namespace clickstream {

/// Holds the ingest back so that it is never further ahead of the consumers than an embedded cluster's partitions
/// keep. Its positions are those up to which everything has been processed.
/// Thread: any.
class CapacityGate {
 public:
  explicit CapacityGate(std::string topic) : topic_(std::move(topic)) {}

  /// Waits until so many bytes may be sent, and counts them as under way. False if close() came first.
  bool enter(std::size_t bytes);
  /// How what entered ended: each once.
  void delivered(braid::PartitionNumber partition, braid::Offset offset, std::size_t bytes);
  void failed(std::size_t bytes);

  /// Everything in the batch has been processed.
  void processed(const braid::Batch& batch);

  /// Lets nobody in any more, and ends every wait.
  void close();

 private:
  void tell();

  const std::string topic_;

  std::mutex mutex_;
  std::condition_variable changed_;
  // All below: guarded by mutex_.
  braid::testing::CapacityGuard guard_;
  std::map<braid::PartitionNumber, ContiguousPosition> positions_;
  bool waiting_ = false;
  bool closed_ = false;
};

}  // namespace clickstream
