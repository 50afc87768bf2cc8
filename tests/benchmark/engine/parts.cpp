#include "parts.hpp"

#include "benchmark/shared/child.hpp"

#include <algorithm>
#include <array>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace braid::benchmarks {
namespace {

constexpr std::string_view kMark = "PART ";

constexpr std::array<std::pair<std::string_view, Values (*)(const Values&)>, 11> kParts{{
    {"sleepers", &measure_sleepers},
    {"sleeping", &measure_sleeping},
    {"asio_timers", &measure_asio_timers},
    {"coroutines", &measure_coroutines},
    {"raw_latency", &measure_raw_latency},
    {"braid_latency", &measure_braid_latency},
    {"stuck_key", &measure_stuck_key},
    {"raw_prefetch", &measure_raw_prefetch},
    {"raw_flowing", &measure_raw_flowing},
    {"raw_idle", &measure_raw_idle},
    {"braid_idle", &measure_braid_idle},
}};

}  // namespace

Values run_part(const std::string& name, const Values& request, std::chrono::seconds limit) {
  std::vector<std::string> words{"--part", name};
  for (const std::string& word : request.words()) words.push_back(word);
  const std::string said = run_self(words, limit);
  const auto mark = said.rfind(kMark);
  if (mark == std::string::npos) throw std::runtime_error(name + " ended without an answer");
  std::istringstream answer(said.substr(mark + kMark.size()));
  std::vector<std::string> values;
  for (std::string word; answer >> word;) values.push_back(word);
  return Values::parse(values);
}

int serve_part(const std::string& name, const std::vector<std::string>& words) {
  end_with_parent();
  try {
    const auto* part =
        std::find_if(kParts.begin(), kParts.end(), [&](const auto& each) { return each.first == name; });
    if (part == kParts.end()) throw std::runtime_error("there is no such part");
    const Values answer = part->second(Values::parse(words));
    std::cout << kMark;
    for (const std::string& word : answer.words()) std::cout << word << ' ';
    std::cout << std::endl;
    return 0;
  } catch (const std::exception& error) {
    std::cout << name << ": " << error.what() << std::flush;  // for run_part()
    return 1;
  }
}

}  // namespace braid::benchmarks
