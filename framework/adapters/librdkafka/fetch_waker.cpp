#include "adapters/librdkafka/fetch_waker.hpp"

#include "adapters/librdkafka/rdkafka_settings.hpp"
#include "adapters/librdkafka/rdkafka_version.hpp"

namespace braid::adapters {
namespace {

constexpr auto kPause = std::chrono::milliseconds{5};

}  // namespace

FetchWaker::FetchWaker(rd_kafka_t* rk, const rd_kafka_conf_t& conf) : rk_(rk) {
  const std::string protocol = setting(conf, "security.protocol");
  active_ = !rdkafka_at_least(2, 2) && (protocol == "plaintext" || protocol == "PLAINTEXT");
}

void FetchWaker::wake() {
  if (!active_) return;
  rd_kafka_error_t* error = rd_kafka_sasl_set_credentials(rk_, "braid", "braid");
  if (error != nullptr) rd_kafka_error_destroy(error);
}

void FetchWaker::serve(Time now) {
  if (!waking(now) || now - last_ < kPause) return;
  last_ = now;
  wake();
}

bool QueueDrop::after_take(std::size_t taken, std::size_t taken_bytes, std::size_t left) {
  if (taken == 0) return false;
  // The library tells the queue's length only; those just taken are what is known of the size of the rest. It
  // counts payloads alone.
  const double each = static_cast<double>(taken_bytes) / static_cast<double>(taken);
  const double after = each * static_cast<double>(left);
  const double before = after + static_cast<double>(taken_bytes);
  const auto bound = static_cast<double>(bytes_max_);
  // Ahead of the exact bound, as sizes vary; a wake-up too many costs microseconds, a missed one a second.
  if (before >= 0.75 * bound) was_full_ = true;
  if (!was_full_ || after >= 0.5 * bound) return false;
  was_full_ = false;
  return true;
}

}  // namespace braid::adapters
