#pragma once

#include "values.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace braid::benchmarks {

// A part is one measurement of one side, in a process of its own: `benchmark_engine --part NAME KEY=VALUE...`.
// It throws std::runtime_error when what it waits for does not come; all its waits have an end.

Values measure_sleepers(const Values& request);       // threads that sleep; no Kafka
Values measure_sleeping(const Values& request);       // a consumer that sleeps for each message
Values measure_asio_timers(const Values& request);    // coroutines that wait; no Kafka
Values measure_coroutines(const Values& request);     // an asynchronous consumer that waits for each message
Values measure_raw_latency(const Values& request);    // a poll loop
Values measure_braid_latency(const Values& request);  // a consumer
Values measure_stuck_key(const Values& request);      // memory behind a key that does not end
Values measure_raw_prefetch(const Values& request);   // memory of a queue that nobody empties
Values measure_raw_flowing(const Values& request);    // memory of a raw loop that reads all
Values measure_raw_idle(const Values& request);       // CPU time of a poll loop with nothing to do
Values measure_braid_idle(const Values& request);     // CPU time of an application with nothing to do

// Runs the part in a child and returns its answer. Throws std::runtime_error if it fails or takes longer.
[[nodiscard]] Values run_part(const std::string& name, const Values& request, std::chrono::seconds limit);

// What the child does: runs the part and prints the answer. Returns the exit status.
int serve_part(const std::string& name, const std::vector<std::string>& words);

}  // namespace braid::benchmarks
