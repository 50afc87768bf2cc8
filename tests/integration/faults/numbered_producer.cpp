#include "integration/faults/numbered_producer.hpp"

#include <boost/crc.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <utility>

namespace braid::faults {

using namespace std::chrono_literals;

NumberedProducer::NumberedProducer(const std::string& bootstrap, std::string topic, int partitions,
                                   std::uint32_t keys, int messages_a_second)
    : topic_(std::move(topic)),
      keys_(keys),
      messages_a_second_(messages_a_second),
      ends_(static_cast<std::size_t>(partitions)),
      waiting_(ends_.size()),
      under_way_(ends_.size()),
      client_(make_client(RD_KAFKA_PRODUCER, bootstrap,
                          {{"acks", "all"},
                           {"enable.idempotence", "true"},
                           {"linger.ms", "2"},
                           {"message.timeout.ms", "120000"},
                           {"topic.metadata.refresh.interval.ms", "1000"},
                           {"debug", "eos"}},
                          this, &NumberedProducer::on_delivery, &NumberedProducer::on_log)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

NumberedProducer::~NumberedProducer() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
}

void NumberedProducer::on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  auto& self = *static_cast<NumberedProducer*>(opaque);
  --self.under_way_.at(static_cast<std::size_t>(message->partition));
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (self.refused_++ == 0) {
      self.keep_line("the first one refused, of partition " + std::to_string(message->partition) + ": " +
                     rd_kafka_message_errstr(message));
    }
    return;
  }
  // Reports come one at a time.
  auto& end = self.ends_.at(static_cast<std::size_t>(message->partition));
  end = std::max<std::int64_t>(end, message->offset + 1);
  ++self.acknowledged_;
}

void NumberedProducer::on_log(const rd_kafka_t* client, int, const char* facility, const char* text) {
  auto& self = *static_cast<NumberedProducer*>(rd_kafka_opaque(client));
  self.keep_line(std::string(facility) + " " + text);
}

void NumberedProducer::keep_line(const std::string& line) {
  constexpr std::size_t kMost = 300;
  const auto now =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch());
  const std::lock_guard lock(log_mutex_);
  log_.push_back(std::to_string(now.count()) + " " + line);
  if (log_.size() > kMost) log_.pop_front();
}

void NumberedProducer::show_log() const {
  const std::lock_guard lock(log_mutex_);
  std::printf("--- the producer's log, in ms: %llu acknowledged, %llu refused\n",
              static_cast<unsigned long long>(acknowledged_), static_cast<unsigned long long>(refused_));
  for (const std::string& line : log_) std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

void NumberedProducer::run(const std::stop_token& stop) {
  const auto began = std::chrono::steady_clock::now();
  try {
    while (!stop.stop_requested()) {
      const auto spent = std::chrono::steady_clock::now() - began;
      const auto due =
          static_cast<std::uint64_t>(spent / 1us) * static_cast<std::uint64_t>(messages_a_second_) / 1'000'000 +
          at_once_;
      for (; sent_ < due; ++sent_) waiting_[partition_of(sent_)].push_back(sent_);
      turn();
    }
  } catch (const std::exception& error) {
    failure_ = error.what();
  }
}

void NumberedProducer::turn() {
  for (std::size_t partition = 0; partition < waiting_.size(); ++partition) hand_over(partition);
  rd_kafka_poll(client_.get(), 5);
}

std::size_t NumberedProducer::partition_of(std::uint64_t index) const {
  const std::string key = std::to_string(index % keys_);
  boost::crc_32_type sum;
  sum.process_bytes(key.data(), key.size());
  return sum.checksum() % waiting_.size();
}

void NumberedProducer::hand_over(std::size_t partition) {
  constexpr int kMost = 500;
  auto& waiting = waiting_[partition];
  if (under_way_[partition] > 0) return;
  while (!waiting.empty() && under_way_[partition] < kMost) {
    const std::string key = std::to_string(waiting.front() % keys_);
    const std::string number = std::to_string(waiting.front() / keys_);
    const auto code = rd_kafka_producev(
        client_.get(), RD_KAFKA_V_TOPIC(topic_.c_str()), RD_KAFKA_V_PARTITION(static_cast<std::int32_t>(partition)),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key.data(), key.size()),
        RD_KAFKA_V_VALUE(const_cast<char*>(number.data()), number.size()), RD_KAFKA_V_END);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return;  // its queue is full
    waiting.pop_front();
    ++under_way_[partition];
  }
}

std::map<std::uint32_t, std::int64_t> NumberedProducer::finish() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  if (!failure_.empty()) throw std::runtime_error(failure_);
  for (const auto until = std::chrono::steady_clock::now() + 120s;
       outstanding() > 0 && std::chrono::steady_clock::now() < until;) {
    turn();
  }
  if (refused_ != 0 || acknowledged_ != sent_) {
    throw std::runtime_error("producing: " + std::to_string(sent_) + " sent, " + std::to_string(acknowledged_) +
                             " acknowledged, " + std::to_string(refused_) + " refused");
  }
  std::map<std::uint32_t, std::int64_t> counts;
  for (std::uint32_t key = 0; key < keys_; ++key) {
    counts[key] = static_cast<std::int64_t>((sent_ + keys_ - 1 - key) / keys_);
  }
  return counts;
}

}  // namespace braid::faults
