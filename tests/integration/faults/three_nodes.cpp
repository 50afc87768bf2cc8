#include "integration/faults/three_nodes.hpp"

#include "integration/faults/leader_requests.hpp"
#include "integration/faults/raw_handle.hpp"
#include "mock/application/eventually.hpp"

#include <algorithm>
#include <fstream>
#include <stdexcept>

namespace braid::faults {
namespace {

using application_test::eventually;
using namespace std::chrono_literals;

constexpr int kTimeoutMs = 5'000;

struct Copies {
  int leader = -1;
  std::vector<int> nodes;
  int in_step = 0;
};

// Of each partition; empty when nobody answers.
std::vector<Copies> copies_of(rd_kafka_t* client, const std::string& topic) {
  const rd_kafka_metadata_t* raw = nullptr;
  if (rd_kafka_metadata(client, 1, nullptr, &raw, kTimeoutMs) != RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  const std::unique_ptr<const rd_kafka_metadata_t, DestroyRaw> metadata(raw);
  std::vector<Copies> copies;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    if (topic != metadata->topics[i].topic) continue;
    copies.resize(static_cast<std::size_t>(metadata->topics[i].partition_cnt));
    for (int j = 0; j < metadata->topics[i].partition_cnt; ++j) {
      const rd_kafka_metadata_partition_t& partition = metadata->topics[i].partitions[j];
      Copies& found = copies.at(static_cast<std::size_t>(partition.id));
      found.leader = partition.leader;
      found.nodes.assign(partition.replicas, partition.replicas + partition.replica_cnt);
      found.in_step = partition.isr_cnt;
    }
  }
  return copies;
}

RawHandle admin_client(const std::string& bootstrap) {
  return make_client(RD_KAFKA_PRODUCER, bootstrap, {});
}

}  // namespace

ThreeNodes::ThreeNodes()
    : cluster(integration::KafkaCluster::start(
          // Leaders stay where tests have moved them; and a machine may be slow.
          {.nodes = kNodes,
           .settings = {{"auto.leader.rebalance.enable", "false"}},
           .fronts = proxy.ports(),
           .deadline = std::chrono::seconds(120)})),
      admin(cluster.bootstrap()) {
  std::vector<int> behind;
  for (int node = 1; node <= kNodes; ++node) behind.push_back(cluster.behind(node));
  proxy.lead_to(std::move(behind));
}

ThreeNodes& ThreeNodes::get() {
  static ThreeNodes nodes;
  return nodes;
}

std::string ThreeNodes::proxied_bootstrap() const {
  std::string text;
  for (const int port : proxy.ports()) text += (text.empty() ? "127.0.0.1:" : ",127.0.0.1:") + std::to_string(port);
  return text;
}

void ThreeNodes::make_whole() {
  proxy.pass();
  std::vector<int> down;
  for (int node = 1; node <= kNodes; ++node) {
    if (cluster.pid(node) == 0) {
      down.push_back(node);
    } else {
      cluster.resume(node);
    }
  }
  if (!down.empty()) cluster.restart(down);
}

bool ThreeNodes::in_step(const std::vector<std::string>& topics) {
  const RawHandle client = admin_client(bootstrap());
  return std::all_of(topics.begin(), topics.end(), [&](const std::string& topic) {
    return eventually(
        [&] {
          const auto copies = copies_of(client.get(), topic);
          return !copies.empty() && std::all_of(copies.begin(), copies.end(), [](const Copies& one) {
            return one.leader >= 0 && one.in_step == kNodes;
          });
        },
        60s);
  });
}

int ThreeNodes::coordinator_of(const std::string& group) {
  const RawHandle client = admin_client(bootstrap());
  int found = -1;
  const char* name = group.c_str();
  const bool known = eventually([&] {
    const std::unique_ptr<rd_kafka_queue_t, DestroyRaw> queue(rd_kafka_queue_new(client.get()));
    rd_kafka_DescribeConsumerGroups(client.get(), &name, 1, nullptr, queue.get());
    const std::unique_ptr<rd_kafka_event_t, DestroyRaw> event(rd_kafka_queue_poll(queue.get(), 30'000));
    if (event == nullptr || rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) return false;
    std::size_t count = 0;
    const auto** groups = rd_kafka_DescribeConsumerGroups_result_groups(
        rd_kafka_event_DescribeConsumerGroups_result(event.get()), &count);
    if (count != 1 || rd_kafka_ConsumerGroupDescription_error(groups[0]) != nullptr) return false;
    const rd_kafka_Node_t* node = rd_kafka_ConsumerGroupDescription_coordinator(groups[0]);
    found = node == nullptr ? -1 : rd_kafka_Node_id(node);
    return found >= 1;
  });
  if (!known) throw std::runtime_error("Kafka: no coordinator of " + group);
  return found;
}

int ThreeNodes::controller() {
  // Clients are told any node; the nodes' logs know.
  const std::string mark = "Becoming the active controller at epoch ";
  int found = -1;
  long newest = -1;
  for (int node = 1; node <= kNodes; ++node) {
    std::ifstream log(cluster.folder() + "/node-" + std::to_string(node) + ".log");
    for (std::string line; std::getline(log, line);) {
      const std::size_t at = line.find(mark);
      if (at == std::string::npos) continue;
      const long epoch = std::stol(line.substr(at + mark.size()));
      if (epoch <= newest) continue;
      newest = epoch;
      found = node;
    }
  }
  if (found < 0) throw std::runtime_error("Kafka: no node's log says that it is the controller");
  return found;
}

std::vector<int> ThreeNodes::leaders(const std::string& topic) {
  const RawHandle client = admin_client(bootstrap());
  std::vector<int> found;
  for (const Copies& copies : copies_of(client.get(), topic)) found.push_back(copies.leader);
  return found;
}

void ThreeNodes::move_leaders(const std::string& topic) {
  const RawHandle client = admin_client(bootstrap());
  const std::vector<Copies> before = copies_of(client.get(), topic);
  // The same copies in another order; whoever is first is to lead.
  std::vector<std::vector<int>> order;
  for (const Copies& copies : before) {
    std::vector<int> nodes = copies.nodes;
    const auto leader = std::find(nodes.begin(), nodes.end(), copies.leader);
    if (leader != nodes.end()) std::rotate(nodes.begin(), leader + 1, nodes.end());
    order.push_back(std::move(nodes));
  }
  const bool moved = eventually([&] {
    request_order_of_copies(bootstrap(), topic, order);
    request_preferred_leaders(bootstrap(), topic, static_cast<int>(order.size()));
    const std::vector<Copies> now = copies_of(client.get(), topic);
    return now.size() == order.size() && std::equal(now.begin(), now.end(), order.begin(),
                                                    [](const auto& a, auto& b) { return a.leader == b.front(); });
  });
  if (!moved) throw std::runtime_error("Kafka: the leaders of " + topic + " do not move");
}

}  // namespace braid::faults
