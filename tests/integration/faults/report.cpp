#include "integration/faults/report.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <vector>

namespace braid::faults {
namespace {

struct Row {
  std::string fault;
  std::string flow;
  std::string protocol;
  int times;
  Verdict verdict;
};

class Table final : public ::testing::Environment {
 public:
  void TearDown() override {
    if (rows.empty()) return;
    std::printf("TABLE %-18s %-11s %-12s %5s %9s %5s %10s %11s %8s %8s\n", "fault", "flow", "protocol", "times",
                "messages", "lost", "duplicates", "unexplained", "outlived", "stall s");
    for (const Row& row : rows) {
      std::printf("TABLE %-18s %-11s %-12s %5d %9zu %5zu %10zu %11zu %8zu %8.2f\n", row.fault.c_str(),
                  row.flow.c_str(), row.protocol.c_str(), row.times, row.verdict.messages, row.verdict.lost,
                  row.verdict.duplicates, row.verdict.unexplained, row.verdict.outlived, row.verdict.stall_s);
    }
  }
  std::vector<Row> rows;
};

// Owned by GoogleTest, from before main() on.
Table& table = *static_cast<Table*>(::testing::AddGlobalTestEnvironment(new Table));

}  // namespace

void report(const std::string& fault, const std::string& flow, const std::string& protocol, int times,
            const Verdict& verdict) {
  table.rows.push_back({fault, flow, protocol, times, verdict});
  std::printf(
      "RESULT name=fault.%s flow=%s protocol=%s times=%d messages=%zu lost=%zu duplicates=%zu unexplained=%zu "
      "outlived=%zu rework_s=%.1f stall_s=%.1f\n",
      fault.c_str(), flow.c_str(), protocol.c_str(), times, verdict.messages, verdict.lost, verdict.duplicates,
      verdict.unexplained, verdict.outlived, verdict.rework_s, verdict.stall_s);
  std::fflush(stdout);
}

}  // namespace braid::faults
