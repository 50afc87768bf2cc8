#include "resident.hpp"

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <stop_token>
#include <string>

namespace braid::benchmarks {
namespace {

constexpr std::size_t kSamplesMin = 20;

// Requires one value at least; the range is of those, and may be empty.
double mean(const std::vector<double>& values, std::size_t from, std::size_t to) {
  from = std::min(from, values.size() - 1);
  to = std::clamp(to, from + 1, values.size());
  double sum = 0;
  for (std::size_t i = from; i < to; ++i) sum += values[i];
  return sum / static_cast<double>(to - from);
}

}  // namespace

double resident_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kilobytes = 0;
    if (word == "VmRSS:" && status >> kilobytes) return kilobytes / 1024;
  }
  throw std::runtime_error("/proc/self/status does not tell VmRSS");
}

ResidentSampler::ResidentSampler() {
  samples_.push_back({Clock::now(), resident_mb()});
  thread_ = std::jthread([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::this_thread::sleep_for(std::chrono::milliseconds{20});
      samples_.push_back({Clock::now(), resident_mb()});
    }
  });
}

ResidentSampler::Summary ResidentSampler::finish(Clock::time_point first, Clock::time_point last) {
  thread_.request_stop();
  thread_.join();
  std::vector<double> all;
  std::vector<double> within;
  for (const Sample& sample : samples_) {
    all.push_back(sample.mb);
    if (sample.at >= first && sample.at <= last) within.push_back(sample.mb);
  }
  const std::vector<double>& quarters = within.size() >= kSamplesMin ? within : all;
  const std::size_t count = quarters.size();
  return {.mean_mb = mean(all, 0, all.size()),
          .max_mb = *std::max_element(all.begin(), all.end()),
          .second_quarter_mb = mean(quarters, count / 4, count / 2),
          .last_quarter_mb = mean(quarters, count - count / 4, count)};
}

}  // namespace braid::benchmarks
