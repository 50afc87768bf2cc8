#pragma once

#include "apps/clickstream/src/malformed_lines.hpp"
#include "apps/clickstream/src/totals.hpp"

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace clickstream {

/// How the work ran, where it ran in virtual partitions.
struct LoadFigures {
  std::vector<std::uint64_t> events_by_virtual_partition;  ///< One entry each, also for idle ones.
  std::uint64_t running_peak = 0;                          ///< Most jobs that ran at the same time.
  std::uint64_t concurrency = 0;                           ///< How many may; 0: not known.
};

/// How a run over Kafka went, besides its totals.
struct RunFigures {
  std::chrono::duration<double> whole{0};        ///< From the start to the end of the stop.
  std::chrono::duration<double> until_first{0};  ///< Of it, until the first event was processed.
  std::uint64_t repeated = 0;                    ///< Messages delivered again; counted once all the same.
  std::uint64_t foreign = 0;                     ///< Messages in the topic that were not this run's.
  std::uint64_t attempts_failed = 0;             ///< Calls of the consumer that threw.
};

/// The check against a plain, single-threaded reading.
struct VerificationFigures {
  std::uint64_t events = 0;              ///< Read by the plain reading.
  std::vector<std::string> differences;  ///< As differences() says them; empty: verified.

  bool ok() const noexcept { return differences.empty(); }
};

/// Everything the report shows. What is not there is left out of it.
/// Thread: a plain value; whoever holds it.
struct Figures {
  std::string name = "demo";  ///< First part of the result lines' names: "demo" gives name=demo.totals.
  std::string source;         ///< What was read, for people.
  Totals totals;
  MalformedLines malformed;
  std::chrono::duration<double> elapsed{0};  ///< 0: not measured.
  std::optional<LoadFigures> load;
  std::optional<RunFigures> run;
  std::optional<VerificationFigures> verification;
};

/// Prints what a person wants to see. `colour`: see wants_colour().
void print_report(const Figures& figures, std::ostream& out, bool colour = false);

/// Prints one line a figure for scripts:
///   RESULT name=demo.totals events=… sessions=… users=… views=… carts=… removals=… purchases=… revenue=12345.67
///          malformed=…   (on one line)
///   RESULT name=demo.speed events_per_second=… seconds=…                          (if measured)
///   RESULT name=demo.load virtual_partitions=… min=… mean=… max=… running_peak=…  (if there is a load)
///   RESULT name=demo.run seconds=… until_first=… repeated=… foreign=… attempts_failed=…  (if there was a run)
///   RESULT name=demo.verify ok=1 events=…                                         (if verified; ok=0 if it
///   differs)
void print_results(const Figures& figures, std::ostream& out);

}  // namespace clickstream
