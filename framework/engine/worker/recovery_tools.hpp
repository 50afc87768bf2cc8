#pragma once

#include "engine/ports/clock.hpp"
#include "engine/ports/record_sink.hpp"
#include "engine/producer/record_chain.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

namespace braid::engine {

// What attempts, and deciding about those that fail, need of the world. Thread: any; shared by all assignments,
// whose jobs may outlive their application, so that what these functions use must be kept by them.
struct RecoveryTools {
  std::function<Time()> now = [] { return std::chrono::steady_clock::now(); };
  // What message timestamps are compared with.
  std::function<std::chrono::system_clock::time_point()> wall = [] { return std::chrono::system_clock::now(); };
  // From 0 to 1, for jitter.
  std::function<double()> random = [] { return 0.0; };
  std::function<void(std::string_view)> warn = [](std::string_view) {};
  // What consumers produce by, outside of transactions; null: they can't.
  std::shared_ptr<RecordSink> records{};
  bool await_produced = true;  // messages are done when what was produced for them is delivered
  // Of what is produced within transactions: the bytes of payloads and of whole records, and what they pass; null:
  // nothing.
  std::size_t max_payload_size = 1'000'000;
  std::size_t max_record_size = 1'000'000;
  std::shared_ptr<const RecordChain> chain{};
};

}  // namespace braid::engine
