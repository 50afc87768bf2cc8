#include "paced_producer.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <stdexcept>

namespace braid::benchmarks {
namespace {

using Clock = std::chrono::steady_clock;

struct Stamp {
  std::uint64_t number;
  Clock::rep sent;
};
constexpr std::size_t kPayloadBytes = 100;

}  // namespace

PacedProducer::PacedProducer(const std::string& bootstrap, const std::string& topic) : topic_(topic) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", bootstrap);
  set(conf, "linger.ms", "0");
  set(conf, "acks", "1");
  set(conf, "socket.nagle.disable", "true");
  rk_ = make_handle(RD_KAFKA_PRODUCER, conf);
  const rd_kafka_metadata_t* metadata = nullptr;
  rd_kafka_topic_t* handle = rd_kafka_topic_new(rk_.get(), topic_.c_str(), nullptr);
  const auto code = rd_kafka_metadata(rk_.get(), 0, handle, &metadata, 10'000);
  rd_kafka_topic_destroy(handle);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(rd_kafka_err2str(code));
  rd_kafka_metadata_destroy(metadata);
}

void PacedProducer::start(std::uint64_t messages, std::chrono::microseconds pause) {
  thread_ = std::jthread([this, messages, pause] { send_all(messages, pause); });
}

void PacedProducer::send_all(std::uint64_t messages, std::chrono::microseconds pause) {
  std::array<char, kPayloadBytes> payload{};
  auto next = Clock::now();
  for (std::uint64_t number = 0; number < messages; ++number) {
    std::this_thread::sleep_until(next);
    next += pause;
    const std::string key = std::to_string(number % 100);
    const Stamp stamp{number, Clock::now().time_since_epoch().count()};
    std::memcpy(payload.data(), &stamp, sizeof stamp);
    const auto code =
        rd_kafka_producev(rk_.get(), RD_KAFKA_V_TOPIC(topic_.c_str()), RD_KAFKA_V_PARTITION(0),
                          RD_KAFKA_V_KEY(key.data(), key.size()), RD_KAFKA_V_VALUE(payload.data(), payload.size()),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
      error_ = rd_kafka_err2str(code);
      return;
    }
    rd_kafka_poll(rk_.get(), 0);
  }
}

void PacedProducer::finish() {
  if (thread_.joinable()) thread_.join();
  if (error_.empty() && rd_kafka_flush(rk_.get(), 10'000) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    error_ = "the broker did not acknowledge them all";
  }
  if (!error_.empty()) throw std::runtime_error("sending: " + error_);
}

void Latencies::note(std::string_view payload) {
  const auto now = Clock::now().time_since_epoch().count();
  Stamp stamp{};
  if (payload.size() < sizeof stamp) throw std::runtime_error("a message that was not sent here");
  std::memcpy(&stamp, payload.data(), sizeof stamp);
  times_.at(stamp.number) = Clock::duration(now - stamp.sent);
}

double Latencies::quantile(double share) const {
  std::vector<std::chrono::nanoseconds> sorted(times_.begin() + static_cast<std::ptrdiff_t>(warm_up_),
                                               times_.end());
  if (sorted.empty()) throw std::runtime_error("fewer messages than the warm-up leaves out");
  std::sort(sorted.begin(), sorted.end());
  // The nearest rank: the least time that this share of the messages did not exceed.
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return std::chrono::duration<double, std::micro>(sorted[std::max<std::size_t>(rank, 1) - 1]).count();
}

}  // namespace braid::benchmarks
