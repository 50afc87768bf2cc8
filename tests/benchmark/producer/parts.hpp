#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace braid::benchmarks {

// One measurement of one side, in a process of its own. Throws std::runtime_error for a record that was not
// delivered, and for what does not end.
struct ProduceRequest {
  bool braid = false;  // else a raw loop
  bool sync = false;   // one record after the other, each waited for; else as fast as it goes
  std::string bootstrap;
  std::string topic;  // partition 0 of it
  std::uint64_t records = 0;
  std::uint32_t payload_bytes = 100;
  std::map<std::string, std::string> settings{};  // librdkafka's, the same for both sides
};
struct ProduceResult {
  double seconds = 0;      // from the first call to the last report
  double cpu_seconds = 0;  // of the whole process meanwhile
  double p50_us = 0;       // of a synchronous call
  double p99_us = 0;
};

[[nodiscard]] ProduceResult measure(const ProduceRequest& request);

}  // namespace braid::benchmarks
