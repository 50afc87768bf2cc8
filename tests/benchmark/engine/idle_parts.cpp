// What a consumer costs that has nothing to do.

#include "benchmark/shared/raw_handles.hpp"
#include "benchmark/shared/stopwatch.hpp"
#include "part_app.hpp"
#include "parts.hpp"

#include <braid/consumer.hpp>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <thread>

namespace braid::benchmarks {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// What joining and the first fetches cost is not idling.
constexpr auto kSettle = 2s;

class Idler final : public Consumer {
 protected:
  void consume(Batch&) override {}
};

Values answer(const Stopwatch& watch) {
  return Values().set("cpu_percent", watch.cpu_seconds() / watch.seconds() * 100);
}

// Polls until then, as an application would that has nothing else to do.
void poll_until(rd_kafka_t* rk, Clock::time_point until) {
  while (Clock::now() < until) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    rd_kafka_message_t* message = rd_kafka_consumer_poll(rk, static_cast<int>(std::min<std::int64_t>(left, 1'000)));
    if (message != nullptr) rd_kafka_message_destroy(message);
  }
}

void subscribe(rd_kafka_t* rk, const std::string& topic) {
  rd_kafka_topic_partition_list_t* topics = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(topics, topic.c_str(), RD_KAFKA_PARTITION_UA);
  const auto code = rd_kafka_subscribe(rk, topics);
  rd_kafka_topic_partition_list_destroy(topics);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(rd_kafka_err2str(code));
}

std::uint64_t assigned(rd_kafka_t* rk) {
  rd_kafka_topic_partition_list_t* list = nullptr;
  if (rd_kafka_assignment(rk, &list) != RD_KAFKA_RESP_ERR_NO_ERROR) return 0;
  const auto count = static_cast<std::uint64_t>(list->cnt);
  rd_kafka_topic_partition_list_destroy(list);
  return count;
}

}  // namespace

// bootstrap, topic (empty), kafka.*, partitions, seconds → cpu_percent, of one core
Values measure_raw_idle(const Values& request) {
  auto settings = request.under("kafka.");
  settings.emplace("partition.assignment.strategy", "cooperative-sticky");
  rd_kafka_conf_t* conf = consumer_conf(request.text("bootstrap"), request.text("topic") + "-raw", settings);
  // Nobody sets positions here; nothing is there to be read anyway.
  set(conf, "auto.offset.reset", "earliest");
  const HandlePtr rk = make_handle(RD_KAFKA_CONSUMER, conf);
  rd_kafka_poll_set_consumer(rk.get());
  subscribe(rk.get(), request.text("topic"));
  const auto deadline = Clock::now() + 60s;
  while (assigned(rk.get()) < request.count("partitions")) {
    if (Clock::now() > deadline) throw std::runtime_error("the partitions were not assigned");
    poll_until(rk.get(), Clock::now() + 100ms);
  }
  poll_until(rk.get(), Clock::now() + kSettle);
  Stopwatch watch;
  watch.begin();
  poll_until(rk.get(), Clock::now() + std::chrono::seconds(request.count("seconds")));
  watch.end();
  rd_kafka_consumer_close(rk.get());
  return answer(watch);
}

// partitions, seconds, and what a PartApp needs (topic: empty) → cpu_percent, of one core
Values measure_braid_idle(const Values& request) {
  PartApp app(request, [](routing::TopicBuilder& topic) {
    topic.consumer<Idler>([] { return std::make_unique<Idler>(); });
  });
  app.wait_until_assigned(request.count("partitions"));
  std::this_thread::sleep_for(kSettle);
  Stopwatch watch;
  watch.begin();
  std::this_thread::sleep_for(std::chrono::seconds(request.count("seconds")));
  watch.end();
  app.stop();
  return answer(watch);
}

}  // namespace braid::benchmarks
