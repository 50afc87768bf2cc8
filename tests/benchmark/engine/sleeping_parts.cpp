// Work that blocks: threads that sleep, and a consumer that sleeps for each message.

#include "part_app.hpp"
#include "parts.hpp"
#include "work_span.hpp"

#include <braid/consumer.hpp>

#include <chrono>
#include <latch>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace braid::benchmarks {
namespace {

class Sleeper final : public Consumer {
 public:
  Sleeper(WorkSpan& span, std::chrono::microseconds time) : span_(span), time_(time) {}

 protected:
  void consume(Batch& batch) override {
    span_.begin();
    for (std::size_t i = 0; i < batch.size(); ++i) {
      std::this_thread::sleep_for(time_);
      span_.end();
    }
  }

 private:
  WorkSpan& span_;
  std::chrono::microseconds time_;
};

}  // namespace

// threads, times, sleep_us → seconds
Values measure_sleepers(const Values& request) {
  const auto threads = static_cast<std::ptrdiff_t>(request.count("threads"));
  const std::uint64_t times = request.count("times");
  const std::chrono::microseconds time{request.count("sleep_us")};
  WorkSpan span(static_cast<std::uint64_t>(threads) * times);
  std::latch ready(threads);
  {
    std::vector<std::jthread> sleepers;
    for (std::ptrdiff_t i = 0; i < threads; ++i) {
      sleepers.emplace_back([&] {
        ready.arrive_and_wait();
        span.begin();
        for (std::uint64_t n = 0; n < times; ++n) {
          std::this_thread::sleep_for(time);
          span.end();
        }
      });
    }
  }
  if (!span.wait(std::chrono::seconds{0})) throw std::runtime_error("the threads did not sleep as often as asked");
  return Values().set("seconds", span.seconds());
}

// messages, sleep_us, and what a PartApp needs → seconds, jobs_max
Values measure_sleeping(const Values& request) {
  const std::uint64_t messages = request.count("messages");
  const std::chrono::microseconds time{request.count("sleep_us")};
  WorkSpan span(messages);
  PartApp app(request, [&](routing::TopicBuilder& topic) {
    topic.consumer<Sleeper>([&span, time] { return std::make_unique<Sleeper>(span, time); });
  });
  if (!span.wait(std::chrono::seconds{120})) throw std::runtime_error(stuck_text(app));
  const std::uint32_t jobs_max = app.figures().jobs_running_max;
  app.stop();
  if (span.ended() != messages) throw std::runtime_error("messages came twice");
  return Values().set("seconds", span.seconds()).set("jobs_max", jobs_max);
}

}  // namespace braid::benchmarks
