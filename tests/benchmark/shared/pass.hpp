#pragma once

#include <braid/routing/partition_by.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace braid::benchmarks {

enum class Side : std::uint8_t { raw, braid };

// One reading of the whole topic, from its first message to its last. Runs in a process of its own, so that no
// allocator, queue or group carries anything over.
struct PassRequest {
  Side side = Side::raw;
  std::string bootstrap;
  std::string topic;                            // one partition, offsets from 0
  std::uint64_t messages = 0;                   // in it
  std::uint32_t max_messages = 1000;            // of a batch
  std::uint32_t concurrency = 5;                // Braid's workers
  std::uint32_t commit_ms = 5000;               // Braid's commit interval
  Flow flow = Flow::batch;                      // Braid's
  bool touch = false;                           // read a byte of each payload, on both sides
  std::map<std::string, std::string> settings;  // of librdkafka, the same for both sides
};

struct ThreadTime {
  std::string name;
  double cpu_seconds = 0;
  std::uint64_t voluntary_switches = 0;  // it went to sleep so often
};

struct PassResult {
  double seconds = 0;      // from the first message's arrival in user code to the last one's end
  double cpu_seconds = 0;  // of the whole process in that time
  std::uint64_t messages = 0;
  std::uint64_t checksum = 0;  // sum of the offsets, and of the bytes touched
  std::uint64_t batches = 0;
  std::vector<ThreadTime> threads;  // over the process's life
};

// Both throw std::runtime_error when the messages do not come, with how many did.
PassResult run_raw(const PassRequest& request);
PassResult run_braid(const PassRequest& request);

// Starts this program again for one pass and waits for it. Throws std::runtime_error if that fails.
PassResult run_in_child(const PassRequest& request);
// What the child does: runs the pass and prints the result for its parent. Returns the exit status.
int serve_pass(const PassRequest& request);

// One pass in a child. Throws std::runtime_error as well unless each message was read exactly once.
PassResult checked_pass(PassRequest request, Side side);

[[nodiscard]] const char* flow_name(Flow flow);
// Throws std::invalid_argument for another name.
[[nodiscard]] Flow flow_by_name(std::string_view name);

}  // namespace braid::benchmarks
