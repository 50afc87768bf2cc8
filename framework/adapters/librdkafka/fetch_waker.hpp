#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <cstddef>

namespace braid::adapters {

// Wakes librdkafka's broker threads where they would oversleep, on versions that do.
//
// A partition whose queue is at its bound is not fetched; its broker thread then sleeps up to 1,000 ms and looks
// again only when I/O or an operation wakes it. A fast consumer has emptied the queue long before. From 2.2 on
// `fetch.queue.backoff.ms` shortens that sleep; before, the one operation found that wakes all broker threads, does
// nothing else and returns at once (30-70 us) is rd_kafka_sasl_set_credentials(). Without SASL the credentials are
// never read. With SASL they would be replaced, so there it does nothing, and such users should upgrade.
//
// Thread: the listener's. One a client; shared by its partition queues.
class FetchWaker {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // `rk` must outlive it. Decides once whether waking is needed and possible.
  FetchWaker(rd_kafka_t* rk, const rd_kafka_conf_t& conf);
  [[nodiscard]] bool active() const { return active_; }
  void wake();

  // After a rebalance callback or a restart the fetchers start anew and may have gone to sleep just before: until
  // `kAfterwards` has passed, each call of serve() wakes them, at most each 5 ms.
  static constexpr std::chrono::milliseconds kAfterwards{200};
  void wake_for_a_while(Time now) { until_ = now + kAfterwards; }
  void serve(Time now);
  [[nodiscard]] bool waking(Time now) const { return active_ && now < until_; }

 private:
  rd_kafka_t* rk_;
  bool active_ = false;
  Time until_{};
  Time last_{};
};

// Watches one partition's queue: true when it has fallen below half its bound after having been at it, which is
// when its broker thread sleeps for nothing. Pure. Thread: the listener's.
class QueueDrop {
 public:
  explicit QueueDrop(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  // `taken` messages of `taken_bytes` payload were taken just now, and `left` messages are still queued.
  [[nodiscard]] bool after_take(std::size_t taken, std::size_t taken_bytes, std::size_t left);

 private:
  std::size_t bytes_max_;
  bool was_full_ = false;
};

}  // namespace braid::adapters
