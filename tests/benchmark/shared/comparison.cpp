#include "comparison.hpp"

#include <algorithm>

namespace braid::benchmarks {
namespace {

template <class Of>
Comparison::Spread spread(const std::vector<Round>& rounds, Of&& of) {
  std::vector<double> values;
  for (const Round& round : rounds) values.push_back(of(round));
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  const double median = values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {median, values.front(), values.back()};
}

}  // namespace

void Run::add(const PassResult& pass) {
  seconds += pass.seconds;
  cpu_seconds += pass.cpu_seconds;
  messages += pass.messages;
  batches += pass.batches;
  for (const ThreadTime& time : pass.threads) {
    const auto found =
        std::find_if(threads.begin(), threads.end(), [&](const auto& t) { return t.name == time.name; });
    if (found == threads.end()) {
      threads.push_back(time);
    } else {
      found->cpu_seconds += time.cpu_seconds;
      found->voluntary_switches += time.voluntary_switches;
    }
  }
}

Comparison::Spread Comparison::ratio() const {
  return spread(rounds, [](const Round& round) { return round.ratio(); });
}
Comparison::Spread Comparison::raw_rate() const {
  return spread(rounds, [](const Round& round) { return round.raw.rate(); });
}
Comparison::Spread Comparison::braid_rate() const {
  return spread(rounds, [](const Round& round) { return round.braid.rate(); });
}
Comparison::Spread Comparison::raw_cpu_ns() const {
  return spread(rounds, [](const Round& round) { return round.raw.cpu_ns(); });
}
Comparison::Spread Comparison::braid_cpu_ns() const {
  return spread(rounds, [](const Round& round) { return round.braid.cpu_ns(); });
}

}  // namespace braid::benchmarks
