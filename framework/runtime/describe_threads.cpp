#include "runtime/inspection.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace braid::runtime {

namespace {

struct Thread {
  long number = 0;
  std::string text;
};

// `number (name) state ...`; the name may hold anything, parentheses too.
std::string describe_stat(const std::string& stat, double ticks_a_second) {
  const std::size_t open = stat.find('(');
  const std::size_t close = stat.rfind(')');
  if (open == std::string::npos || close == std::string::npos) return {};
  std::istringstream rest(stat.substr(close + 1));
  std::vector<std::string> fields;
  for (std::string field; rest >> field;) fields.push_back(field);
  // From the state on: state is the first, CPU time in user and system mode the 12th and 13th.
  if (fields.size() < 13) return {};
  const double cpu = (std::atof(fields[11].c_str()) + std::atof(fields[12].c_str())) / ticks_a_second;
  return fmt::format("{:<15} {} {:.2f} s of CPU", stat.substr(open + 1, close - open - 1), fields[0], cpu);
}

}  // namespace

std::string describe_threads() {
  const double ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  std::vector<Thread> threads;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task", error)) {
    // One may end while we look.
    std::ifstream file(entry.path() / "stat");
    std::string stat;
    if (!std::getline(file, stat)) continue;
    threads.push_back({std::atol(entry.path().filename().c_str()), describe_stat(stat, ticks)});
  }
  std::ranges::sort(threads, {}, &Thread::number);
  std::string text = fmt::format("threads: {}\n", threads.size());
  for (const Thread& thread : threads) text += fmt::format("  {:>7} {}\n", thread.number, thread.text);
  return text;
}

}  // namespace braid::runtime
