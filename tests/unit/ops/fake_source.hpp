#pragma once

#include <braid/ops_source.hpp>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace braid::ops {

// An application that is what a test says, and keeps what it was told. Thread: the server's, or none.
class FakeSource final : public Source, public Commands {
 public:
  ApplicationSnapshot snapshot(std::chrono::milliseconds patience) override {
    ++asked;
    last_patience = patience;
    return now;
  }
  ConfigurationSnapshot configuration() override { return set_up; }
  Result<std::string> obey(const Command& command) override {
    told.push_back(command);
    return answer;
  }

  ApplicationSnapshot now{};
  ConfigurationSnapshot set_up{};
  Result<std::string> answer = std::string("done");
  int asked = 0;
  std::chrono::milliseconds last_patience{};
  std::vector<Command> told{};
};

// Two connections: one with a partition of "orders" that has work, another that is silent.
inline ApplicationSnapshot example_snapshot() {
  using std::chrono::milliseconds;
  ApplicationSnapshot snapshot;
  snapshot.taken_at = std::chrono::system_clock::time_point(milliseconds(1'700'000'000'000));
  snapshot.state = ApplicationState::running;
  snapshot.client_id = "shop";
  snapshot.concurrency = 4;
  snapshot.figures.messages_done = 1234;
  TopicFigures topic;
  topic.consumer_group = "g";
  topic.topic = "orders";
  topic.batches = 7;
  snapshot.topics.push_back(std::move(topic));
  PartitionSnapshot partition{.topic = "orders", .partition = 3, .generation = 9, .stage = PartitionStage::running};
  partition.committed = 100;
  partition.position = 120;
  partition.end = 200;
  partition.committed_lag = 100;
  partition.processed_lag = 60;
  partition.open = 20;
  partition.max_virtual_partitions = 64;
  partition.work.push_back({.virtual_partition = 1,
                            .state = WorkState::running,
                            .messages = 5,
                            .first_offset = 120,
                            .last_offset = 130,
                            .key = "k\xFF",
                            .running_for = milliseconds(1500),
                            .thread = 77});
  partition.work.push_back({.virtual_partition = 8, .state = WorkState::retry, .retry_in = milliseconds(20)});
  partition.work_left_out = 2;
  ConnectionSnapshot connection{
      .name = "braid-l-0", .state = ConnectionState::running, .consumer_group = "g", .subscription_group = "s"};
  connection.partitions.push_back(partition);
  partition.topic = "clicks";
  partition.partition = 0;
  partition.work.clear();
  connection.partitions.push_back(partition);
  connection.earlier.push_back({.topic = "orders",
                                .partition = 3,
                                .generation = 8,
                                .work = {.virtual_partition = 2, .running_for = milliseconds(90'000)}});
  snapshot.connections.push_back(std::move(connection));
  snapshot.connections.push_back({.name = "braid-l-1", .state = ConnectionState::silent});
  return snapshot;
}

}  // namespace braid::ops
