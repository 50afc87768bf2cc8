// Exactly once from topic to topic: transactions of 1,000 messages, of ten batches of them, and of one

#include "benchmark/shared/broker.hpp"
#include "benchmark/shared/timed_run.hpp"

#include <braid/braid.hpp>
#include <braid/producer.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace braid::benchmarks {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kMessages = 400'000;
constexpr std::uint64_t kMessagesSingly = 2'000;
constexpr int kPartitions = 4;
constexpr int kRounds = 3;
constexpr double kLeast = 3;  // times what one transaction a message reaches

struct Way {
  const char* name;
  const char* topic;
  std::uint64_t messages;
  std::uint32_t max_messages;
  std::uint32_t batches;
};
constexpr Way kBatches{"batches", "many", kMessages, 1000, 1};
constexpr Way kShared{"shared", "many", kMessages, 1000, 10};
constexpr Way kSingly{"singly", "few", kMessagesSingly, 1, 1};

// Of all partitions together.
struct Sums {
  std::atomic<std::uint64_t> messages{0};
  std::atomic<std::uint64_t> calls{0};
  std::atomic<std::int64_t> ns_in_consume{0};
  std::mutex mutex;
  std::vector<double> gaps;  // between two calls of one partition, in seconds; guarded by mutex
};

// Sends each message on, with its payload turned around. There is one object a partition: between two of its calls
// its records are handed to the client, and then its transaction is committed, unless the next batch shares it.
class Turning final : public Consumer {
 public:
  explicit Turning(std::shared_ptr<Sums> sums) : sums_(std::move(sums)) {}

 private:
  void consume(Batch& batch) override {
    const auto began = Clock::now();
    if (ended_) {
      const std::lock_guard lock(sums_->mutex);
      sums_->gaps.push_back(std::chrono::duration<double>(began - *ended_).count());
    }
    for (const Message& message : batch) {
      turned_.assign(message.payload().rbegin(), message.payload().rend());
      const auto produced = batch.produce({.topic = "out", .key = message.key(), .payload = turned_}, message);
      if (!produced) throw std::runtime_error(produced.error().text());
    }
    sums_->messages += batch.size();
    ++sums_->calls;
    ended_ = Clock::now();
    sums_->ns_in_consume += std::chrono::duration_cast<std::chrono::nanoseconds>(*ended_ - began).count();
  }

  const std::shared_ptr<Sums> sums_;
  std::string turned_;
  std::optional<Clock::time_point> ended_;
};

struct Row {
  double rate = 0;     // messages a second
  double a_call = 0;   // messages
  double consume = 0;  // seconds a call
  double gap = 0;      // seconds between two
  double sending = 0;  // of these, where no commit comes between: the shorter half, in a shared transaction
};

double mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) /
         static_cast<double>(std::max<std::size_t>(values.size(), 1));
}

Row run(Broker& broker, const Way& way, int round) {
  auto sums = std::make_shared<Sums>();
  Settings settings = settings_for(broker, kPartitions);
  settings.transactional_id = fmt::format("benchmark-{}-{}", way.name, round);
  Application application(settings, routing::draw([&](routing::RoutesBuilder& r) {
                            r.consumer_group(settings.transactional_id)
                                .topic(way.topic)
                                .consumer("Turning", [sums] { return std::make_unique<Turning>(sums); })
                                .max_messages(way.max_messages)
                                .virtual_partitions({.max_partitions = 1})
                                .initial_offset(routing::InitialOffset::earliest)
                                .delivery(routing::Delivery::exactly_once)
                                .transaction_batches(way.batches)
                                .transaction_interval(1s);
                          }));
  application.start();
  const double seconds = seconds_to_read(sums->messages, way.messages);
  application.stop();
  const auto calls = static_cast<double>(sums->calls.load());
  std::vector<double>& gaps = sums->gaps;
  std::ranges::sort(gaps);
  return {.rate = static_cast<double>(way.messages) / seconds,
          .a_call = static_cast<double>(sums->messages.load()) / calls,
          .consume = static_cast<double>(sums->ns_in_consume.load()) / 1e9 / calls,
          .gap = mean(gaps),
          .sending = mean(std::span(gaps).first(gaps.size() / 2))};
}

// `sending`: seconds that it takes to hand a batch's records over.
void show(const Broker& broker, const Way& way, const std::vector<Row>& rows, double sending) {
  const Row middle = median_by_rate(rows);
  const double in_commit = std::max(middle.gap - sending, 0.0) / (middle.gap + middle.consume);
  const auto [least, most] = std::ranges::minmax(rows, {}, &Row::rate);
  std::cout
      << fmt::format(
             "  {:<8} {:>8.0f} messages/s ({:.0f} to {:.0f}), {:.0f} a batch, {} batches a transaction; {:.0f} "
             "% of a partition's time in commits",
             way.name, middle.rate, least.rate, most.rate, middle.a_call, way.batches, in_commit * 100)
      << '\n'
      << fmt::format(
             "RESULT name=exactly_once.{} messages_per_second={:.0f} least={:.0f} most={:.0f} "
             "messages_a_batch={:.1f} batches_a_transaction={} in_commit={:.3f} rounds={} broker={}",
             way.name, middle.rate, least.rate, most.rate, middle.a_call, way.batches, in_commit, rows.size(),
             broker.name())
      << std::endl;
}

int benchmark() {
  const auto broker = start_broker({});
  if (!broker->real()) {
    std::cout << "the embedded cluster has no transactions to speak of; this needs real Kafka\n";
    return 0;
  }
  broker->create_topic("out", kPartitions);
  for (const Way* way : {&kBatches, &kSingly}) {
    broker->create_topic(way->topic, kPartitions);
    fill(broker->bootstrap(), way->topic, {.messages = way->messages, .partitions = kPartitions});
  }
  std::cout << fmt::format("{} on this machine; {} partitions, as many workers and producers\n", broker->name(),
                           kPartitions);
  std::vector<Row> batches;
  std::vector<Row> shared;
  std::vector<Row> singly;
  for (int round = 0; round < kRounds; ++round) {
    batches.push_back(run(*broker, kBatches, round));
    shared.push_back(run(*broker, kShared, round));
    singly.push_back(run(*broker, kSingly, round));
  }
  const double sending = median_by_rate(shared).sending;
  show(*broker, kBatches, batches, sending);
  show(*broker, kShared, shared, sending);
  show(*broker, kSingly, singly, sending / median_by_rate(shared).a_call);
  const double ratio = median_by_rate(batches).rate / median_by_rate(singly).rate;
  std::cout << fmt::format("RESULT name=exactly_once.of_singly ratio={:.1f} least={} verdict={}", ratio, kLeast,
                           ratio >= kLeast ? "reached" : "missed")
            << std::endl;
  return ratio >= kLeast ? 0 : 1;
}

}  // namespace
}  // namespace braid::benchmarks

int main() {
  try {
    return braid::benchmarks::benchmark();
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
