// One key's message does not end; what becomes of those behind it, and of the memory.

#include "benchmark/shared/pass.hpp"
#include "benchmark/shared/raw_handles.hpp"
#include "part_app.hpp"
#include "parts.hpp"
#include "resident.hpp"

#include <braid/consumer.hpp>

#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace braid::benchmarks {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kQuiet = 3s;  // nothing passes for so long: nothing more will
constexpr auto kPatience = 240s;

// What the consumers of all virtual partitions share.
struct Crossing {
  explicit Crossing(std::string key) : stuck_key(std::move(key)) {}

  const std::string stuck_key;
  std::latch released{1};
  std::atomic<bool> stuck{false};
  // In the other virtual partitions, and in that of the stuck key.
  alignas(64) std::atomic<std::uint64_t> passed{0};
  alignas(64) std::atomic<std::uint64_t> behind{0};
  // Of the stuck key's virtual partition; only its consumer writes it, one job at a time.
  std::vector<std::int64_t> behind_offsets;
};

class Crosser final : public Consumer {
 public:
  explicit Crosser(Crossing& crossing) : crossing_(crossing) {}

 protected:
  void consume(Batch& batch) override {
    for (const Message& message : batch) {
      if (!behind_ && message.key() == crossing_.stuck_key) {
        behind_ = true;
        crossing_.stuck = true;
        crossing_.released.wait();
      }
      if (behind_) crossing_.behind_offsets.push_back(message.offset().value);
    }
    (behind_ ? crossing_.behind : crossing_.passed).fetch_add(batch.size());
  }

 private:
  Crossing& crossing_;
  bool behind_ = false;
};

// Lets the stuck message go when an exception leaves the part, or the stop would wait for it.
class Release {
 public:
  explicit Release(Crossing& crossing) : crossing_(crossing) {}
  ~Release() { now(); }
  Release(const Release&) = delete;
  Release& operator=(const Release&) = delete;
  void now() {
    if (!done_) crossing_.released.count_down();
    done_ = true;
  }

 private:
  Crossing& crossing_;
  bool done_ = false;
};

struct Steps {
  Clock::time_point first;
  Clock::time_point last;
};

// From the first of `count`'s steps to the last, once it stands still.
Steps wait_until_quiet(const std::atomic<std::uint64_t>& count) {
  const auto deadline = Clock::now() + kPatience;
  std::optional<Steps> steps;
  std::uint64_t before = 0;
  while (Clock::now() < deadline) {
    const std::uint64_t now = count.load();
    if (now != before) {
      if (!steps) steps = Steps{Clock::now(), {}};
      steps->last = Clock::now();
      before = now;
    }
    if (steps && Clock::now() - steps->last > kQuiet) return *steps;
    std::this_thread::sleep_for(2ms);
  }
  throw std::runtime_error("the other keys' messages neither end nor stop");
}

void wait_for_all(const PartApp& app, const Crossing& crossing, std::uint64_t messages) {
  const auto deadline = Clock::now() + kPatience;
  while (crossing.passed + crossing.behind < messages) {
    if (Clock::now() > deadline) throw std::runtime_error(stuck_text(app));
    std::this_thread::sleep_for(10ms);
  }
}

// How many of the others had to pass: those before the message that finds the stuck queue full.
std::uint64_t others_expected(const Crossing& crossing, std::uint64_t messages, std::uint64_t max_queued) {
  const std::vector<std::int64_t>& behind = crossing.behind_offsets;
  if (behind.size() <= max_queued) return messages - behind.size();
  return static_cast<std::uint64_t>(behind[max_queued]) - max_queued;
}

}  // namespace

// bootstrap, topic, kafka.* → max_mb over the start: what librdkafka's own queue takes when nobody empties it
Values measure_raw_prefetch(const Values& request) {
  const double start_mb = resident_mb();
  const HandlePtr rk = make_handle(
      RD_KAFKA_CONSUMER,
      consumer_conf(request.text("bootstrap"), request.text("topic") + "-raw", request.under("kafka.")));
  rd_kafka_poll_set_consumer(rk.get());
  QueuePtr queue(rd_kafka_queue_get_partition(rk.get(), request.text("topic").c_str(), 0));
  rd_kafka_queue_forward(queue.get(), nullptr);
  assign_from_start(rk.get(), request.text("topic"));
  ResidentSampler sampler;
  const auto deadline = Clock::now() + 30s;
  std::size_t before = 0;
  for (auto last = Clock::now(); before == 0 || Clock::now() - last < 1s; std::this_thread::sleep_for(10ms)) {
    if (Clock::now() > deadline) throw std::runtime_error("the queue does not fill, or has no end");
    const std::size_t now = rd_kafka_queue_length(queue.get());
    if (now != before) last = Clock::now();
    before = now;
  }
  const double max_mb = sampler.finish({}, {}).max_mb;
  queue.reset();
  rd_kafka_consumer_close(rk.get());
  return Values().set("max_mb", max_mb - start_mb).set("messages", before);
}

// bootstrap, topic, messages, max_messages, kafka.* → max_mb over the start: what librdkafka takes while a raw loop
// reads as fast as it can, its queue full and fetches under way
Values measure_raw_flowing(const Values& request) {
  PassRequest pass;
  pass.bootstrap = request.text("bootstrap");
  pass.topic = request.text("topic");
  pass.messages = request.count("messages");
  pass.max_messages = static_cast<std::uint32_t>(request.count("max_messages"));
  for (const auto& [key, value] : request.under("kafka.")) pass.settings[key] = value;
  const double start_mb = resident_mb();
  ResidentSampler sampler;
  run_raw(pass);
  return Values().set("max_mb", sampler.finish({}, {}).max_mb - start_mb);
}

// messages, stuck_key, max_queued, and what a PartApp needs → passed, expected, behind, seconds, start_mb, mean_mb,
// max_mb, second_quarter_mb, last_quarter_mb
Values measure_stuck_key(const Values& request) {
  const std::uint64_t messages = request.count("messages");
  Crossing crossing(request.text("stuck_key"));
  crossing.behind_offsets.reserve(messages);  // its pages are touched only when the stuck key is released
  const double start_mb = resident_mb();
  PartApp app(request, [&](routing::TopicBuilder& topic) {
    topic.consumer<Crosser>([&crossing] { return std::make_unique<Crosser>(crossing); });
  });
  Release release(crossing);
  app.wait_until_assigned(1);
  ResidentSampler sampler;
  const Steps steps = wait_until_quiet(crossing.passed);
  const ResidentSampler::Summary memory = sampler.finish(steps.first, steps.last);
  const std::uint64_t passed = crossing.passed;
  if (!crossing.stuck) throw std::runtime_error("the key that should be stuck was not seen");
  release.now();
  wait_for_all(app, crossing, messages);
  app.stop();
  if (crossing.passed + crossing.behind != messages) throw std::runtime_error("messages came twice");
  return Values()
      .set("passed", passed)
      .set("expected", others_expected(crossing, messages, request.count("max_queued")))
      .set("behind", crossing.behind.load())
      .set("seconds", std::chrono::duration<double>(steps.last - steps.first).count())
      .set("start_mb", start_mb)
      .set("mean_mb", memory.mean_mb)
      .set("max_mb", memory.max_mb)
      .set("second_quarter_mb", memory.second_quarter_mb)
      .set("last_quarter_mb", memory.last_quarter_mb);
}

}  // namespace braid::benchmarks
