#pragma once

#include "framework/adapters/librdkafka/rdkafka_consumer_client.hpp"
#include "framework/adapters/librdkafka/rdkafka_producer_client.hpp"
#include "framework/engine/ports/log.hpp"

#include <braid/testing/embedded_cluster.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace braid::mock_test {

using namespace std::chrono_literals;
using testing::EmbeddedCluster;

inline constexpr auto kDeadline = 90s;  // what is quick takes that long under a sanitizer, beside other programs
// For reach_broker(): nobody gives up.
inline const std::atomic<bool> kPatient{false};

// Keeps lines for the assertions. Thread: any.
class KeptLog final : public engine::Log {
 public:
  [[nodiscard]] bool enabled(engine::LogLevel) const override { return true; }
  void write(engine::LogLevel, std::string_view area, std::string_view text) override {
    const std::scoped_lock lock{mutex_};
    lines_.push_back(std::string{area} + ": " + std::string{text});
  }
  [[nodiscard]] std::size_t count(std::string_view part) const {
    const std::scoped_lock lock{mutex_};
    std::size_t found = 0;
    for (const std::string& line : lines_) found += line.find(part) != std::string::npos ? 1 : 0;
    return found;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

// A wake-up to wait for. Thread: on_ready any, wait the test's.
class Doorbell final : public engine::ReadySignal {
 public:
  void on_ready() noexcept override {
    const std::scoped_lock lock{mutex_};
    rung_ = true;
    bell_.notify_one();
  }
  bool wait(std::chrono::milliseconds timeout) {
    std::unique_lock lock{mutex_};
    const bool rung = bell_.wait_for(lock, timeout, [this] { return rung_; });
    rung_ = false;
    return rung;
  }

 private:
  std::mutex mutex_;
  std::condition_variable bell_;
  bool rung_ = false;
};

struct Record {
  std::optional<std::string> key;
  std::optional<std::string> payload;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
};

inline Record record(std::string key, std::string payload) {
  return {.key = std::move(key), .payload = std::move(payload), .headers = {}};
}

// A producer that waits for its reports.
class TestProducer final : public engine::DeliveryEvents {
 public:
  TestProducer(const EmbeddedCluster& cluster, std::map<std::string, std::string> settings = {}) {
    settings["bootstrap.servers"] = cluster.bootstrap();
    auto made = adapters::make_producer_client({.log = log, .client_id = "test", .settings = std::move(settings)});
    if (!made) ADD_FAILURE() << made.error().text();
    client = std::move(made).value();
  }

  // Sends to one partition and waits until all are acknowledged.
  void produce(const std::string& topic, int partition, const std::vector<Record>& records) {
    for (const Record& item : records) {
      std::vector<Header> headers;
      for (const auto& [name, value] : item.headers) {
        headers.push_back({name, value ? std::optional<std::string_view>{*value} : std::nullopt});
      }
      engine::OutgoingMessage message{.topic = topic,
                                      .partition = PartitionNumber{partition},
                                      .key = std::nullopt,
                                      .payload = std::nullopt,
                                      .headers = headers};
      if (item.key) message.key = *item.key;
      if (item.payload) message.payload = *item.payload;
      const auto sent = client->send(message, ++tokens);
      ASSERT_TRUE(sent.ok()) << sent.error().text();
    }
    settle();
  }

  void settle() {
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    while (client->outstanding() > 0 && std::chrono::steady_clock::now() < deadline) client->serve(*this, 50ms);
    ASSERT_EQ(client->outstanding(), 0U);
  }

  void handle_delivery(const engine::DeliveryReport& report) override { reports.push_back(report); }
  void handle_error(const Error& error) override { errors.push_back(error); }

  KeptLog log;
  std::unique_ptr<engine::ProducerClient> client;
  std::uint64_t tokens = 0;
  std::vector<engine::DeliveryReport> reports;
  std::vector<Error> errors;
};

// One member of a group, played by hand: does what a listener must, and keeps what it was told.
class Member final : public engine::ConsumerEvents {
 public:
  struct Taken {
    Message message;
    std::shared_ptr<engine::MessageOwner> owner;
  };

  Member(const EmbeddedCluster& cluster, std::string group, std::map<std::string, std::string> settings = {},
         bool end_of_partition = false, std::chrono::milliseconds transport_timeout = 300s) {
    settings.merge(EmbeddedCluster::recommended_consumer_settings());
    settings["bootstrap.servers"] = cluster.bootstrap();
    auto made = adapters::make_consumer_client({.log = log,
                                                .group_id = std::move(group),
                                                .client_id = "test",
                                                .settings = std::move(settings),
                                                .prefetch_bytes_per_partition = std::nullopt,
                                                .end_of_partition = end_of_partition,
                                                .transport_timeout = transport_timeout});
    if (!made) ADD_FAILURE() << made.error().text();
    client = std::move(made).value();
  }
  ~Member() override {
    release();
    close();
  }

  void subscribe(const std::vector<std::string>& topics) {
    const auto outcome = client->subscribe(topics, bell);
    ASSERT_TRUE(outcome.ok()) << outcome.error().text();
  }

  // One turn of a listener: waits shortly for a wake-up, serves, takes.
  void turn() {
    bell.wait(20ms);
    client->serve_group(*this);
    for (auto& [partition, queue] : queues) take(partition, *queue);
  }
  [[nodiscard]] bool until(const std::function<bool()>& reached, std::chrono::milliseconds limit = kDeadline) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!reached()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      turn();
    }
    return true;
  }

  void take(const engine::TopicPartition& partition, engine::PartitionQueue& queue) {
    std::vector<Message> messages;
    const auto report = queue.take(1000, messages);
    for (const Message& message : messages) taken.push_back({message, queue.owner()});
    if (report.no_stored_position) unstored.push_back(partition);
    if (report.out_of_range) out_of_range.push_back(partition);
    if (report.end_of_partition) ends[partition] = *report.end;
    if (report.error) errors.push_back(*report.error);
    if ((report.no_stored_position || report.out_of_range) && restart) {
      const auto outcome = client->restart_at(partition, *restart);
      EXPECT_TRUE(outcome.ok()) << outcome.error().text();
    }
  }

  // "partition@offset payload", as taken.
  [[nodiscard]] std::vector<std::string> read() const {
    std::vector<std::string> lines;
    for (const auto& [message, owner] : taken) {
      lines.push_back(std::to_string(message.partition().value) + "@" + std::to_string(message.offset().value) +
                      " " + std::string{message.payload()});
    }
    return lines;
  }

  void release() {
    for (auto& [message, owner] : taken) owner->release({&message, 1});
    taken.clear();
  }

  bool close() {
    if (!client) return true;
    client->begin_close();
    const bool done = until([this] { return client->closed(); });
    EXPECT_TRUE(done) << "the client does not close";
    queues.clear();
    client.reset();
    return done;
  }

  Result<void> commit(const std::vector<engine::StoredPosition>& positions) {
    const std::uint64_t token = ++tokens;
    client->commit(positions, token);
    if (!until([&] { return committed.contains(token); })) return Error{Error::Kind::timed_out, "no answer"};
    return committed.at(token);
  }
  Result<std::vector<engine::StoredPosition>> positions(const std::vector<engine::TopicPartition>& partitions) {
    const std::uint64_t token = ++tokens;
    client->read_positions(partitions, token);
    if (!until([&] { return answers.contains(token); })) return Error{Error::Kind::timed_out, "no answer"};
    return answers.at(token);
  }

  void handle_assigned(std::span<const engine::TopicPartition> partitions) override {
    if (throw_on_assign) throw std::runtime_error("the handler failed");
    history.push_back("assigned " + std::to_string(partitions.size()));
    for (const auto& partition : partitions) queues[partition] = client->open(partition, bell);
    EXPECT_TRUE(client->assign(partitions).ok());
    after_rebalance();
  }
  void handle_revoked(std::span<const engine::TopicPartition> partitions, bool lost) override {
    history.push_back((lost ? "lost " : "revoked ") + std::to_string(partitions.size()));
    for (const auto& partition : partitions) queues.erase(partition);
    EXPECT_TRUE(client->unassign(partitions).ok());
    after_rebalance();
  }
  void handle_positions(std::uint64_t token, Result<std::vector<engine::StoredPosition>> answer) override {
    answers.emplace(token, std::move(answer));
  }
  void handle_committed(std::uint64_t token, const engine::CommitOutcome& outcome) override {
    committed.emplace(token, outcome.refused.empty() ? outcome.all : Result<void>(outcome.refused.front().error));
  }
  void handle_error(const Error& error) override { errors.push_back(error); }

  KeptLog log;
  Doorbell bell;
  std::unique_ptr<engine::ConsumerClient> client;
  std::map<engine::TopicPartition, std::unique_ptr<engine::PartitionQueue>> queues;
  std::vector<Taken> taken;
  std::vector<engine::TopicPartition> unstored;
  std::vector<engine::TopicPartition> out_of_range;
  std::map<engine::TopicPartition, CommitPosition> ends;
  std::vector<std::string> history;
  std::vector<Error> errors;
  std::map<std::uint64_t, Result<std::vector<engine::StoredPosition>>> answers;
  std::map<std::uint64_t, Result<void>> committed;
  std::optional<engine::StartPoint> restart = engine::StartPoint{};
  bool throw_on_assign = false;
  std::uint64_t tokens = 0;

 private:
  // What stays goes on behind the last message taken.
  void after_rebalance() {
    std::map<engine::TopicPartition, CommitPosition> next;
    for (const auto& [message, owner] : taken) {
      next[{std::string{message.topic()}, message.partition()}] = next_after(message.offset());
    }
    std::vector<engine::StoredPosition> retained;
    for (const auto& [partition, queue] : queues) {
      if (next.contains(partition)) retained.push_back({partition, next[partition], {}});
    }
    client->reposition(retained);
  }
};

inline engine::TopicPartition at(std::string topic, int partition) {
  return {std::move(topic), PartitionNumber{partition}};
}

}  // namespace braid::mock_test
