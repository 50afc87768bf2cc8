#include "stopwatch.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

namespace braid::benchmarks {
namespace {

double cpu_now() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Threads of a kind count as one: the trailing number goes.
std::string kind_of(std::string name) {
  while (!name.empty() && ((name.back() >= '0' && name.back() <= '9') || name.back() == '-')) name.pop_back();
  return name;
}

}  // namespace

void Stopwatch::begin() {
  cpu_began_ = cpu_now();
  began_ = std::chrono::steady_clock::now();
}

void Stopwatch::end() {
  ended_ = std::chrono::steady_clock::now();
  cpu_ended_ = cpu_now();
}

std::vector<ThreadTime> thread_times() {
  std::vector<ThreadTime> times;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream comm(task.path() / "comm");
    std::ifstream schedstat(task.path() / "schedstat");
    std::ifstream status(task.path() / "status");
    std::string name;
    std::uint64_t nanoseconds = 0;
    if (!std::getline(comm, name) || !(schedstat >> nanoseconds)) continue;
    std::uint64_t switches = 0;
    const std::string field = "voluntary_ctxt_switches:";
    for (std::string word; status >> word;) {
      if (word == field && status >> switches) break;
    }
    name = kind_of(name);
    auto found = std::find_if(times.begin(), times.end(), [&](const auto& time) { return time.name == name; });
    if (found == times.end()) found = times.insert(times.end(), ThreadTime{name, 0, 0});
    found->cpu_seconds += static_cast<double>(nanoseconds) / 1e9;
    found->voluntary_switches += switches;
  }
  return times;
}

}  // namespace braid::benchmarks
