#include "timed_run.hpp"

#include <chrono>
#include <stdexcept>
#include <thread>

namespace braid::benchmarks {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kPatience = 10min;

void wait_for(const std::atomic<std::uint64_t>& messages, std::uint64_t count, Clock::time_point until) {
  while (messages < count) {
    if (Clock::now() > until) throw std::runtime_error("the messages do not come");
    std::this_thread::sleep_for(1ms);
  }
}

}  // namespace

Settings settings_for(const Broker& broker, std::uint32_t concurrency) {
  Settings settings;
  for (const auto& [name, value] : broker.consumer_settings()) settings.kafka[name] = value;
  settings.kafka["bootstrap.servers"] = broker.bootstrap();
  settings.concurrency = concurrency;
  settings.log_level = LogLevel::error;
  return settings;
}

double seconds_to_read(const std::atomic<std::uint64_t>& messages, std::uint64_t count) {
  const auto until = Clock::now() + kPatience;
  wait_for(messages, 1, until);
  const auto began = Clock::now();
  wait_for(messages, count, until);
  return std::chrono::duration<double>(Clock::now() - began).count();
}

}  // namespace braid::benchmarks
