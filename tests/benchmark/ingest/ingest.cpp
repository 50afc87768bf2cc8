// Seconds and MB/s of the clickstream's ingest: a file of events with the library's defaults, and tuned

#include "apps/clickstream/src/streaming/ingest.hpp"

#include "apps/clickstream/src/csv_reader.hpp"
#include "apps/clickstream/src/generator.hpp"
#include "apps/clickstream/src/streaming/clients.hpp"
#include "benchmark/shared/broker.hpp"

#include <braid/routing/routes.hpp>

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

namespace braid::benchmarks {
namespace {

constexpr std::uint64_t kEvents = 5'000'000;
constexpr int kPartitions = 5;

struct Setup {
  const char* name;
  routing::KafkaSettings settings;
};

// The guide that the demo follows sends 5 million events in 119 s as its client comes, and in 36 s tuned.
const std::vector<Setup>& setups() {
  static const std::vector<Setup> all{
      {"defaults", {{"acks", "1"}, {"linger.ms", "5"}}},
      {"no_linger", {{"acks", "1"}, {"linger.ms", "0"}}},
      {"tuned", {{"acks", "1"}, {"batch.size", "65536"}, {"linger.ms", "20"}, {"compression.type", "gzip"}}},
      {"tuned_lz4", {{"acks", "1"}, {"batch.size", "65536"}, {"linger.ms", "20"}, {"compression.type", "lz4"}}},
  };
  return all;
}

class TemporaryEvents {
 public:
  explicit TemporaryEvents(std::uint64_t events)
      : path_(std::filesystem::temp_directory_path() / ("braid-ingest-" + std::to_string(::getpid()) + ".csv")) {
    std::ofstream file(path_, std::ios::binary);
    clickstream::generate_events(events, 1, file);
    if (!file.flush()) throw std::runtime_error(path_.string() + " can't be written");
  }
  ~TemporaryEvents() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  TemporaryEvents(const TemporaryEvents&) = delete;
  TemporaryEvents& operator=(const TemporaryEvents&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

void run(Broker& broker, const TemporaryEvents& events, const Setup& setup) {
  const std::string topic = std::string("ingest.") + setup.name;
  broker.create_topic(topic, kPartitions);
  const auto began = std::chrono::steady_clock::now();
  clickstream::CsvReader reader(events.path());
  Producer producer(clickstream::producer_settings(broker.bootstrap(), setup.settings));
  clickstream::Ingest ingest(reader, producer, {.topic = topic, .run = {}});
  ingest.run();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  if (ingest.failed() > 0) throw std::runtime_error(ingest.first_failure());
  const double megabytes = static_cast<double>(ingest.bytes_delivered()) / 1e6;
  std::cout << fmt::format("  {:<12} {:>7.2f} s {:>8.1f} MB/s {:>10.0f} events/s\n", setup.name, seconds,
                           megabytes / seconds, static_cast<double>(ingest.delivered()) / seconds)
            << fmt::format("RESULT name=ingest.{} events={} seconds={:.2f} megabytes_per_second={:.1f}\n",
                           setup.name, ingest.delivered(), seconds, megabytes / seconds)
            << std::flush;
  broker.delete_topic(topic);
}

int benchmark(std::uint64_t wanted) {
  const auto broker = start_broker({});
  const std::uint64_t count = std::min(wanted, kPartitions * broker->capacity(150));
  const TemporaryEvents events(count);
  std::cout << fmt::format("{}: {} events, {:.0f} MB, one node, {} partitions, acks=1\n", broker->name(), count,
                           static_cast<double>(std::filesystem::file_size(events.path())) / 1e6, kPartitions);
  for (const Setup& setup : setups()) run(*broker, events, setup);
  return 0;
}

}  // namespace
}  // namespace braid::benchmarks

// The first argument, if any: how many events.
int main(int count, char** values) {
  try {
    return braid::benchmarks::benchmark(count > 1 ? std::stoull(values[1]) : braid::benchmarks::kEvents);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
