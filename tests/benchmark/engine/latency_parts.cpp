// The time from a producer's send to the consumer's hands, in one process.

#include "paced_producer.hpp"
#include "part_app.hpp"
#include "parts.hpp"

#include <braid/consumer.hpp>

#include <atomic>
#include <memory>
#include <semaphore>
#include <stdexcept>

namespace braid::benchmarks {
namespace {

constexpr std::chrono::microseconds kPause{2'000};
constexpr std::chrono::seconds kPatience{60};

struct Arrivals {
  explicit Arrivals(const Values& request)
      : messages(request.count("messages")), latencies(messages, request.count("warm_up")) {}

  std::uint64_t messages;
  Latencies latencies;
  std::atomic<std::uint64_t> arrived{0};
  std::binary_semaphore complete{0};
};

class Receiver final : public Consumer {
 public:
  explicit Receiver(Arrivals& arrivals) : arrivals_(arrivals) {}

 protected:
  void consume(Batch& batch) override {
    for (const Message& message : batch) {
      arrivals_.latencies.note(message.payload());
      if (arrivals_.arrived.fetch_add(1, std::memory_order_acq_rel) + 1 == arrivals_.messages) {
        arrivals_.complete.release();
      }
    }
  }

 private:
  Arrivals& arrivals_;
};

Values answer(const Latencies& latencies) {
  return Values()
      .set("p50", latencies.quantile(0.50))
      .set("p99", latencies.quantile(0.99))
      .set("p999", latencies.quantile(0.999));
}

}  // namespace

// bootstrap, topic (empty), kafka.*, messages, warm_up → p50, p99, p999 in microseconds
Values measure_raw_latency(const Values& request) {
  const std::uint64_t messages = request.count("messages");
  Latencies latencies(messages, request.count("warm_up"));
  const HandlePtr rk = make_handle(
      RD_KAFKA_CONSUMER,
      consumer_conf(request.text("bootstrap"), request.text("topic") + "-raw", request.under("kafka.")));
  rd_kafka_poll_set_consumer(rk.get());
  assign_from_start(rk.get(), request.text("topic"));
  PacedProducer producer(request.text("bootstrap"), request.text("topic"));
  producer.start(messages, kPause);
  const auto deadline = std::chrono::steady_clock::now() + kPatience + messages * kPause;
  for (std::uint64_t arrived = 0; arrived < messages;) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(rk.get(), 100);
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("the messages do not come");
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      latencies.note({static_cast<const char*>(message->payload), message->len});
      ++arrived;
    }
    rd_kafka_message_destroy(message);
  }
  producer.finish();
  rd_kafka_consumer_close(rk.get());
  return answer(latencies);
}

// messages, warm_up, and what a PartApp needs (topic: empty) → p50, p99, p999 in microseconds
Values measure_braid_latency(const Values& request) {
  Arrivals arrivals(request);
  PartApp app(request, [&](routing::TopicBuilder& topic) {
    topic.consumer<Receiver>([&arrivals] { return std::make_unique<Receiver>(arrivals); });
  });
  app.wait_until_assigned(1);
  PacedProducer producer(request.text("bootstrap"), request.text("topic"));
  producer.start(arrivals.messages, kPause);
  if (!arrivals.complete.try_acquire_for(kPatience + arrivals.messages * kPause)) {
    throw std::runtime_error(stuck_text(app));
  }
  producer.finish();
  app.stop();
  if (arrivals.arrived.load() != arrivals.messages) throw std::runtime_error("messages came twice");
  return answer(arrivals.latencies);
}

}  // namespace braid::benchmarks
