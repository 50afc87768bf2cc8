#pragma once

#include "benchmark/shared/raw_handles.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace braid::benchmarks {

// Sends one message each 2 ms, each with its number and the steady clock's time in its payload, without waiting for
// company (linger 0, acks 1). Thread: its owner's, and one of its own from start() on.
class PacedProducer {
 public:
  // Connects, and waits until the topic is known. Throws std::runtime_error.
  PacedProducer(const std::string& bootstrap, const std::string& topic);

  void start(std::uint64_t messages, std::chrono::microseconds pause);
  // Until all are sent and acknowledged. Throws std::runtime_error if they are not.
  void finish();

 private:
  void send_all(std::uint64_t messages, std::chrono::microseconds pause);

  std::string topic_;
  HandlePtr rk_;
  std::string error_;    // of the thread; read after its end
  std::jthread thread_;  // last: it uses all others
};

// When each message came, since it was sent. Thread: note() from any, for different messages at once; the rest when
// all have been noted.
class Latencies {
 public:
  // The first `warm_up` are noted and left out.
  Latencies(std::uint64_t messages, std::uint64_t warm_up) : times_(messages), warm_up_(warm_up) {}

  // The payload of one of PacedProducer's messages, at this moment.
  void note(std::string_view payload);
  // Of 0 to 1; microseconds.
  [[nodiscard]] double quantile(double share) const;

 private:
  std::vector<std::chrono::nanoseconds> times_;
  std::uint64_t warm_up_;
};

}  // namespace braid::benchmarks
