#pragma once

#include "integration/faults/raw_handle.hpp"

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace braid::faults {

// Sends numbered messages per key at a steady rate, with acks=all and idempotence, on a thread of its own, until it
// is finished. Key K of all is "K", its messages' payloads are 0, 1, 2, ...
//
// A partition gets more when all it got is acknowledged: librdkafka's idempotent producer (2.0.2) has one request
// of five messages or more under way to each partition, and while others wait it spins, on a thread a node, which
// makes slow nodes slower still.
// Thread: the test's.
class NumberedProducer {
 public:
  NumberedProducer(const std::string& bootstrap, std::string topic, int partitions, std::uint32_t keys,
                   int messages_a_second);
  ~NumberedProducer();

  // Sends so many more messages than the rate asks for, as soon as it can.
  void send_at_once(std::uint64_t count) { at_once_ += count; }
  // Sends nothing more and waits until all is acknowledged. By key, how many. Throws std::runtime_error when one
  // was not, for 120 s.
  std::map<std::uint32_t, std::int64_t> finish();
  // What its client has said lately: for a test that has failed.
  void show_log() const;
  // Sent and acknowledged so far.
  [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_; }
  // By partition, behind the last one that was acknowledged so far.
  [[nodiscard]] std::vector<std::int64_t> ends() const { return {ends_.begin(), ends_.end()}; }

 private:
  static void on_delivery(rd_kafka_t* client, const rd_kafka_message_t* message, void* opaque);
  static void on_log(const rd_kafka_t* client, int level, const char* facility, const char* text);
  void keep_line(const std::string& line);
  [[nodiscard]] std::uint64_t outstanding() const { return sent_ - acknowledged_ - refused_; }
  void run(const std::stop_token& stop);
  void turn();
  void hand_over(std::size_t partition);
  // Where librdkafka's partitioner "consistent" has its key.
  [[nodiscard]] std::size_t partition_of(std::uint64_t index) const;

  const std::string topic_;
  const std::uint32_t keys_;
  const int messages_a_second_;
  std::atomic<std::uint64_t> at_once_{0};
  std::atomic<std::uint64_t> acknowledged_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::vector<std::atomic<std::int64_t>> ends_;
  // The thread's, and the test's behind it. Messages are told by their index of all.
  std::vector<std::deque<std::uint64_t>> waiting_;  // by partition
  std::vector<int> under_way_;                      // by partition
  std::uint64_t sent_ = 0;                          // those that wait too
  mutable std::mutex log_mutex_;
  std::deque<std::string> log_;  // guarded by log_mutex_
  std::string failure_;          // why it can't go on; the thread's, and the test's behind it
  RawHandle client_;
  std::jthread thread_;
};

}  // namespace braid::faults
