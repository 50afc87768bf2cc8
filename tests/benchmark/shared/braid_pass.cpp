#include "integration/kafka/kafka_cluster.hpp"
#include "pass.hpp"
#include "read_tally.hpp"
#include "stopwatch.hpp"

#include <braid/application.hpp>
#include <braid/consumer.hpp>
#include <braid/routing/draw.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>

namespace braid::benchmarks {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 120s;

// What the consumers of all virtual partitions share.
struct Tally {
  ReadTally read;
  bool touch = false;
  std::atomic<std::uint64_t> checksum{0};
};

// Does nothing with its messages but look at each of them once.
class NoOp final : public Consumer {
 public:
  explicit NoOp(Tally& tally) : tally_(tally) {}

 protected:
  void consume(Batch& batch) override {
    tally_.read.begin();
    std::uint64_t checksum = 0;
    for (const Message& message : batch) {
      checksum += static_cast<std::uint64_t>(message.offset().value);
      if (tally_.touch) checksum += static_cast<unsigned char>(message.payload()[0]);
    }
    tally_.checksum.fetch_add(checksum, std::memory_order_relaxed);
    tally_.read.count(batch);
  }

 private:
  Tally& tally_;
};

}  // namespace

PassResult run_braid(const PassRequest& request) {
  Tally tally{.read = ReadTally(request.messages), .touch = request.touch};
  Settings settings;
  settings.kafka["bootstrap.servers"] = request.bootstrap;
  for (const auto& [key, value] : request.settings) settings.kafka[key] = value;
  settings.concurrency = request.concurrency;
  settings.commit_interval = std::chrono::milliseconds(request.commit_ms);
  settings.log_level = LogLevel::warning;
  auto routes = routing::draw([&](routing::RoutesBuilder& root) {
    root.consumer_group(integration::unique_name("throughput"), [&](routing::ConsumerGroupBuilder& group) {
      group.topic(request.topic)
          .consumer<NoOp>([&tally] { return std::make_unique<NoOp>(tally); })
          .max_messages(request.max_messages)
          .flow(request.flow)
          .virtual_partitions({.by = key(), .max_partitions = 8});
    });
  });
  Application application(settings, std::move(routes));
  application.start();
  const bool complete = tally.read.wait_for(kPatience);
  PassResult result;
  result.threads = thread_times();
  const StopReport stopped = application.stop();
  const Figures figures = application.figures();
  if (!complete) {
    throw std::runtime_error("braid: " + std::to_string(figures.messages_done) +
                             " messages done, then nothing more");
  }
  if (!stopped.in_time) throw std::runtime_error("braid: the stop left behind " + stopped.left_behind.front());
  // After the stop, so that what came twice shows.
  result.messages = tally.read.messages();
  result.checksum = tally.checksum.load();
  result.batches = figures.batches;
  result.seconds = tally.read.watch().seconds();
  result.cpu_seconds = tally.read.watch().cpu_seconds();
  return result;
}

}  // namespace braid::benchmarks
