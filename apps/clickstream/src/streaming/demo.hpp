#pragma once

#include "apps/clickstream/src/report.hpp"

#include <braid/routing/routes.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <limits>
#include <optional>
#include <string>

namespace clickstream {

struct DemoOptions {
  std::filesystem::path csv{};
  std::string source{};                   ///< The report's name for the file; empty: its path.
  std::filesystem::path routes_file{};    ///< Of one topic, with the consumer SessionTotals.
  std::string bootstrap{};                ///< Empty: an embedded cluster of three brokers.
  std::string topic{};                    ///< Instead of the routes' topic, if not empty.
  braid::routing::KafkaSettings kafka{};  ///< For all clients.
  std::uint64_t events_max = std::numeric_limits<std::uint64_t>::max();  ///< Reads no further.
  std::uint64_t rate = 0;                                                ///< As in IngestOptions.
  std::uint32_t concurrency = 5;
  /// Where the Ops interface shows what it does, on loopback; none: nowhere. 0: any port that is free.
  std::optional<std::uint16_t> ops_port{};
  std::string ops_token{};  ///< Who has it may command there; empty: nobody.
  bool verbose = false;     ///< The framework logs what it does, to the error stream.
  bool terminal = false;    ///< `out` is a terminal: show a bar.
  /// It fails when nothing has been sent or processed for so long.
  std::chrono::milliseconds stall_timeout{30'000};
  /// Asked often; true ends the run early, in good order.
  std::function<bool()> interrupted = [] { return false; };
};

struct DemoOutcome {
  Figures figures;
  bool interrupted = false;
};

/// Sends a file's events to Kafka, processes them in virtual partitions by user meanwhile, and compares what they
/// come to with a plain reading of the file. `out` is told what goes on. Blocks until all is done.
/// Throws std::runtime_error for what goes wrong on the way, routing::InvalidRoutes and std::invalid_argument for
/// settings.
DemoOutcome run_demo(const DemoOptions& options, std::ostream& out);

/// The routing file and the sample that lie in the application's folder.
std::filesystem::path default_routes_file();
std::filesystem::path sample_file();

}  // namespace clickstream
