// One connection against three: many partitions over three brokers, one of them slow, or a dear partitioner

#include "benchmark/shared/broker.hpp"
#include "benchmark/shared/child.hpp"
#include "benchmark/shared/raw_handles.hpp"
#include "benchmark/shared/read_tally.hpp"
#include "integration/faults/proxy.hpp"
#include "integration/kafka/kafka_admin.hpp"
#include "integration/kafka/kafka_cluster.hpp"

#include <braid/braid.hpp>

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace braid::benchmarks {
namespace {

using namespace std::chrono_literals;

constexpr int kNodes = 3;
constexpr int kPartitions = 24;
constexpr std::array<std::uint32_t, 2> kConnections{1, 3};

struct Case {
  const char* name;
  const char* what;
  std::uint64_t messages;
  bool slow_broker = false;                 // node 1 answers kSlow later, each way
  std::chrono::nanoseconds partitioner{0};  // what it costs the listener's thread, for each message
};
constexpr std::chrono::milliseconds kSlow{50};
constexpr std::array<Case, 3> kCases{{
    {.name = "even", .what = "no-op, all brokers alike", .messages = 2'400'000},
    {.name = "slow_broker",
     .what = "no-op, one broker answers 100 ms later",
     .messages = 1'200'000,
     .slow_broker = true},
    {.name = "partitioner", .what = "no-op, a partitioner of 2 us", .messages = 1'200'000, .partitioner = 2us},
}};

// --- the child: one reading of the topic

class NoOp final : public Consumer {
 public:
  explicit NoOp(ReadTally& tally) : tally_(tally) {}

 protected:
  void consume(Batch& batch) override {
    tally_.begin();
    tally_.count(batch);
  }

 private:
  ReadTally& tally_;
};

// By the key, and dear.
routing::PartitionBy dear(std::chrono::nanoseconds cost) {
  return partition_by([cost](const Message& message) {
    const auto until = std::chrono::steady_clock::now() + cost;
    while (std::chrono::steady_clock::now() < until) continue;
    return PartitionKey(message.key());
  });
}

// bootstrap, topic, messages, connections, the partitioner's cost in ns
int serve_part(const std::vector<std::string>& words) {
  end_with_parent();
  ReadTally tally(std::stoull(words.at(2)));
  const std::chrono::nanoseconds cost(std::stoll(words.at(4)));
  Settings settings;
  for (const auto& [name, value] : common_settings()) settings.kafka[name] = value;
  settings.kafka["bootstrap.servers"] = words.at(0);
  settings.concurrency = 4;
  settings.expected_partitions = kPartitions;
  settings.log_level = LogLevel::warning;
  Application application(
      settings, routing::draw([&](routing::RoutesBuilder& r) {
        auto group = r.consumer_group(integration::unique_name("connections"));
        auto subscription = group.subscription_group("all");
        subscription.connections(static_cast<std::uint32_t>(std::stoul(words.at(3))));
        auto topic = subscription.topic(words.at(1));
        topic.consumer("none", [&tally] { return std::make_unique<NoOp>(tally); });
        topic.virtual_partitions({.by = cost.count() > 0 ? dear(cost) : key(), .max_partitions = 8});
      }));
  application.start();
  const bool complete = tally.wait_for(180s);
  (void)application.stop();
  if (!complete) {
    std::cout << tally.messages() << " messages came, and no more" << std::flush;
    return 1;
  }
  std::cout << tally.watch().seconds() << ' ' << tally.watch().cpu_seconds() << std::endl;
  return 0;
}

// --- the rounds

struct Sums {
  std::vector<double> rates;  // of each round, in millions a second
  double cpu_seconds = 0;
  std::uint64_t messages = 0;

  [[nodiscard]] double median() const {
    std::vector<double> sorted = rates;
    std::ranges::sort(sorted);
    return sorted[sorted.size() / 2];
  }
};

void measure(const Case& which, int rounds, integration::KafkaCluster& cluster, faults::Proxy& proxy) {
  integration::KafkaAdmin admin(cluster.bootstrap());
  const std::string topic = integration::unique_name(which.name);
  admin.create_topic(topic, kPartitions);
  fill(cluster.bootstrap(), topic, {.messages = which.messages, .partitions = kPartitions});
  std::string bootstrap = cluster.bootstrap();
  if (which.slow_broker) {
    bootstrap = "127.0.0.1:" + std::to_string(proxy.ports().at(1));
    proxy.delay(kSlow, 0);
  }
  std::cout << fmt::format("{}: {}; {} messages in {} partitions", which.name, which.what, which.messages,
                           kPartitions)
            << std::endl;
  std::array<Sums, kConnections.size()> sums;
  for (int round = 0; round <= rounds; ++round) {
    for (std::size_t turn = 0; turn < kConnections.size(); ++turn) {
      const std::size_t side = (turn + static_cast<std::size_t>(round)) % kConnections.size();
      std::istringstream answer(
          run_self({"--part", bootstrap, topic, std::to_string(which.messages), std::to_string(kConnections[side]),
                    std::to_string(which.partitioner.count())},
                   240s));
      double seconds = 0;
      double cpu = 0;
      answer >> seconds >> cpu;
      if (!answer || seconds <= 0) throw std::runtime_error("a part ended without a result");
      if (round == 0) continue;  // it fills the page cache
      sums[side].rates.push_back(static_cast<double>(which.messages) / seconds / 1e6);
      sums[side].cpu_seconds += cpu;
      sums[side].messages += which.messages;
    }
    if (round > 0) {
      std::cout << fmt::format("  round {}: 1 connection {:.2f} M/s, 3 connections {:.2f} M/s", round,
                               sums[0].rates.back(), sums[1].rates.back())
                << std::endl;
    }
  }
  proxy.pass();
  std::vector<double> ratios;
  for (std::size_t i = 0; i < sums[0].rates.size(); ++i) ratios.push_back(sums[1].rates[i] / sums[0].rates[i]);
  std::ranges::sort(ratios);
  const auto ns = [](const Sums& of) { return of.cpu_seconds / static_cast<double>(of.messages) * 1e9; };
  std::cout
      << fmt::format(
             "RESULT name=connections.{} gain={:.2f} least={:.2f} largest={:.2f} one={:.3g} three={:.3g} "
             "cpu_ns_one={:.0f} cpu_ns_three={:.0f} partitions={} nodes={} rounds={} processors={} librdkafka={}",
             which.name, ratios[ratios.size() / 2], ratios.front(), ratios.back(), sums[0].median(),
             sums[1].median(), ns(sums[0]), ns(sums[1]), kPartitions, kNodes, rounds,
             std::thread::hardware_concurrency(), rd_kafka_version_str())
      << std::endl;
  admin.delete_topic(topic);
}

int run(int rounds) {
  if (const auto reason = integration::KafkaCluster::available()) {
    std::cout << *reason << "\nskipped: only real Kafka has brokers to be slow" << std::endl;
    return 0;
  }
  faults::Proxy proxy(kNodes);
  auto cluster = integration::KafkaCluster::start({.nodes = kNodes, .fronts = proxy.ports(), .deadline = 120s});
  std::vector<int> behind;
  for (int node = 1; node <= kNodes; ++node) behind.push_back(cluster.behind(node));
  proxy.lead_to(std::move(behind));
  for (const Case& which : kCases) measure(which, rounds, cluster, proxy);
  return 0;
}

}  // namespace
}  // namespace braid::benchmarks

// [--rounds N]
int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  try {
    if (!words.empty() && words[0] == "--part") {
      return braid::benchmarks::serve_part({words.begin() + 1, words.end()});
    }
    int rounds = 3;
    if (words.size() == 2 && words[0] == "--rounds") {
      rounds = std::max(1, std::stoi(words[1]));
    } else if (!words.empty()) {
      std::cerr << "usage: connections [--rounds N]\n";
      return 2;
    }
    return braid::benchmarks::run(rounds);
  } catch (const std::exception& error) {
    std::cerr << "connections: " << error.what() << '\n';
    return 1;
  }
}
