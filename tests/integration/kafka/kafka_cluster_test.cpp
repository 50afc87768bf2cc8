#include "kafka_cluster.hpp"

#include "kafka_admin.hpp"

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace braid::integration {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

// Starts a client of plain librdkafka: these tests are about the cluster, not about Braid.
rd_kafka_t* new_client(rd_kafka_type_t type, const std::string& bootstrap,
                       std::vector<std::pair<std::string, std::string>> settings) {
  settings.emplace_back("bootstrap.servers", bootstrap);
  settings.emplace_back("reconnect.backoff.max.ms", "500");
  settings.emplace_back("log_level", "2");
  char text[512];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), text, sizeof text) != RD_KAFKA_CONF_OK) {
      throw std::runtime_error(text);
    }
  }
  rd_kafka_t* client = rd_kafka_new(type, conf, text, sizeof text);
  if (client == nullptr) throw std::runtime_error(text);
  return client;
}

// Returns the number of messages that the cluster confirmed.
int produce(const std::string& bootstrap, const std::string& topic, const std::vector<std::string>& payloads) {
  rd_kafka_t* client = new_client(RD_KAFKA_PRODUCER, bootstrap, {{"linger.ms", "0"}});
  for (const auto& payload : payloads) {
    const auto error = rd_kafka_producev(
        client, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_VALUE(const_cast<char*>(payload.data()), payload.size()), RD_KAFKA_V_END);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(rd_kafka_err2str(error));
  }
  rd_kafka_flush(client, 30'000);
  const int confirmed = static_cast<int>(payloads.size()) - rd_kafka_outq_len(client);
  rd_kafka_purge(client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_flush(client, 1'000);
  rd_kafka_destroy(client);
  return confirmed;
}

// Reads partition 0 from its beginning until `count` messages are there, for at most 30 s, and commits what was
// read.
std::vector<std::string> read(const std::string& bootstrap, const std::string& topic, std::size_t count,
                              const std::string& group) {
  rd_kafka_t* client =
      new_client(RD_KAFKA_CONSUMER, bootstrap, {{"group.id", group}, {"enable.auto.commit", "false"}});
  rd_kafka_poll_set_consumer(client);
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(list, topic.c_str(), 0)->offset = 0;
  rd_kafka_assign(client, list);
  std::vector<std::string> payloads;
  const auto deadline = steady_clock::now() + 30s;
  while (payloads.size() < count && steady_clock::now() < deadline) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(client, 100);
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      payloads.emplace_back(static_cast<const char*>(message->payload), message->len);
    }
    rd_kafka_message_destroy(message);
  }
  list->elems[0].offset = static_cast<std::int64_t>(payloads.size());
  EXPECT_EQ(rd_kafka_commit(client, list, 0), RD_KAFKA_RESP_ERR_NO_ERROR);
  rd_kafka_topic_partition_list_destroy(list);
  rd_kafka_consumer_close(client);
  rd_kafka_destroy(client);
  return payloads;
}

// Tells when a process ends, be it our child or not, and can't mistake a later process with the same number for it.
class ProcessWatch {
 public:
  explicit ProcessWatch(pid_t pid) : descriptor_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {
    if (descriptor_ < 0) throw std::runtime_error("process " + std::to_string(pid) + ": " + std::strerror(errno));
  }
  ProcessWatch(const ProcessWatch&) = delete;
  ProcessWatch& operator=(const ProcessWatch&) = delete;
  ~ProcessWatch() { ::close(descriptor_); }

  bool ended_within(std::chrono::milliseconds time) const {
    pollfd waiting{descriptor_, POLLIN, 0};
    return ::poll(&waiting, 1, static_cast<int>(time.count())) == 1;
  }

 private:
  const int descriptor_;
};

class RealKafka : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = KafkaCluster::available()) GTEST_SKIP() << *reason;
  }
};

using KafkaClusterTest = RealKafka;
using KafkaAdminTest = RealKafka;

TEST_F(KafkaClusterTest, KeepsItsMessagesAndItsAddressWhenTheNodeIsKilledAndRestarted) {
  KafkaCluster cluster = KafkaCluster::start();
  const std::string bootstrap = cluster.bootstrap();
  KafkaAdmin admin(bootstrap);
  admin.create_topic("orders");
  ASSERT_EQ(produce(bootstrap, "orders", {"one", "two", "three"}), 3);
  EXPECT_EQ(read(bootstrap, "orders", 3, "readers"), (std::vector<std::string>{"one", "two", "three"}));

  const ProcessWatch node(cluster.pid(1));
  cluster.kill(1);
  EXPECT_TRUE(node.ended_within(0ms));
  EXPECT_EQ(cluster.pid(1), 0);

  cluster.restart(1);
  EXPECT_NE(cluster.pid(1), 0);
  EXPECT_EQ(cluster.bootstrap(), bootstrap);
  ASSERT_EQ(produce(bootstrap, "orders", {"four"}), 1);
  EXPECT_EQ(read(bootstrap, "orders", 4, "readers"), (std::vector<std::string>{"one", "two", "three", "four"}));
  EXPECT_EQ(admin.end_offsets("orders"), std::vector<std::int64_t>{4});
  EXPECT_EQ(admin.committed("readers", "orders"), std::vector<std::int64_t>{4});
}

TEST_F(KafkaClusterTest, LeavesNoProcessAndNoFolderWhenItIsDestroyed) {
  std::optional<KafkaCluster> cluster = KafkaCluster::start();
  const ProcessWatch node(cluster->pid(1));
  const ProcessWatch supervisor(cluster->supervisor_pid());
  const std::string folder = cluster->folder();
  ASSERT_TRUE(std::filesystem::exists(folder));
  ASSERT_FALSE(node.ended_within(0ms));

  cluster.reset();
  EXPECT_TRUE(node.ended_within(0ms));
  EXPECT_TRUE(supervisor.ended_within(0ms));
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST_F(KafkaClusterTest, EndsItsNodeAndRemovesItsFolderWhenTheProgramIsKilled) {
  struct Started {
    pid_t node;
    pid_t supervisor;
    char folder[256];
  };
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const pid_t program = ::fork();
  ASSERT_GE(program, 0);
  if (program == 0) {
    try {
      const KafkaCluster cluster = KafkaCluster::start();
      Started started{cluster.pid(1), cluster.supervisor_pid(), {}};
      cluster.folder().copy(started.folder, sizeof started.folder - 1);
      if (::write(ends[1], &started, sizeof started) == sizeof started) {
        while (true) ::pause();
      }
    } catch (const std::exception& problem) {
      std::fprintf(stderr, "%s\n", problem.what());
    }
    ::_exit(1);
  }
  ::close(ends[1]);
  Started started{};
  const bool up = ::read(ends[0], &started, sizeof started) == sizeof started;
  ::close(ends[0]);
  if (!up) {
    ::waitpid(program, nullptr, 0);
    FAIL() << "the program could not start its cluster";
  }
  const ProcessWatch node(started.node);
  const ProcessWatch supervisor(started.supervisor);
  EXPECT_FALSE(node.ended_within(0ms));

  ::kill(program, SIGKILL);
  ::waitpid(program, nullptr, 0);
  EXPECT_TRUE(node.ended_within(10s));
  EXPECT_TRUE(supervisor.ended_within(10s));
  EXPECT_FALSE(std::filesystem::exists(started.folder));
}

TEST_F(KafkaClusterTest, EndsItsNodeWhenTheSupervisorItselfIsKilled) {
  std::optional<KafkaCluster> cluster = KafkaCluster::start();
  const ProcessWatch node(cluster->pid(1));
  const std::string folder = cluster->folder();
  ::kill(cluster->supervisor_pid(), SIGKILL);
  EXPECT_TRUE(node.ended_within(10s));
  EXPECT_THROW(cluster->pid(1), std::runtime_error);

  // Nobody was left to remove the folder; the next cluster does.
  EXPECT_TRUE(std::filesystem::exists(folder));
  cluster = KafkaCluster::start();
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST_F(KafkaClusterTest, GoesOnWhenOneOfThreeNodesIsKilled) {
  KafkaCluster cluster = KafkaCluster::start({.nodes = 3});
  KafkaAdmin admin(cluster.bootstrap());
  admin.create_topic("orders", 1, 3, {{"min.insync.replicas", "2"}});
  ASSERT_EQ(produce(cluster.bootstrap(), "orders", {"one"}), 1);
  cluster.kill(1);
  ASSERT_EQ(produce(cluster.bootstrap(), "orders", {"two"}), 1);
  EXPECT_EQ(read(cluster.bootstrap(), "orders", 2, "readers"), (std::vector<std::string>{"one", "two"}));
  cluster.restart(1);
  EXPECT_NE(cluster.pid(1), 0);
}

TEST_F(KafkaClusterTest, APausedNodeIsSilentUntilItIsResumed) {
  KafkaCluster cluster = KafkaCluster::start();
  rd_kafka_t* client = new_client(RD_KAFKA_PRODUCER, cluster.bootstrap(), {});
  const auto answers = [&](int timeout_ms) {
    const rd_kafka_metadata_t* metadata = nullptr;
    const auto error = rd_kafka_metadata(client, 1, nullptr, &metadata, timeout_ms);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_metadata_destroy(metadata);
    return error == RD_KAFKA_RESP_ERR_NO_ERROR;
  };
  EXPECT_TRUE(answers(10'000));
  cluster.pause(1);
  EXPECT_FALSE(answers(500));
  cluster.resume(1);
  EXPECT_TRUE(answers(30'000));
  rd_kafka_destroy(client);
}

TEST_F(KafkaClusterTest, AFailureToStartShowsTheEndOfTheNodesLog) {
  try {
    KafkaCluster::start({.settings = {{"num.io.threads", "none"}}});
    FAIL() << "it started";
  } catch (const std::runtime_error& problem) {
    EXPECT_NE(std::string(problem.what()).find("num.io.threads"), std::string::npos) << problem.what();
  }
}

TEST_F(KafkaAdminTest, TellsPartitionsEndsAndCommittedPositions) {
  KafkaAdmin admin(shared_cluster().bootstrap());
  const std::string topic = unique_name("admin");
  EXPECT_EQ(admin.partitions(topic), 0);
  EXPECT_THROW(admin.end_offsets(topic), std::runtime_error);

  admin.create_topic(topic, 2);
  EXPECT_EQ(admin.partitions(topic), 2);
  EXPECT_THROW(admin.create_topic(topic, 2), std::runtime_error);
  EXPECT_EQ(admin.end_offsets(topic), (std::vector<std::int64_t>{0, 0}));

  ASSERT_EQ(produce(shared_cluster().bootstrap(), topic, {"one", "two"}), 2);
  EXPECT_EQ(admin.end_offsets(topic), (std::vector<std::int64_t>{2, 0}));

  const std::string group = unique_name("group");
  EXPECT_EQ(admin.committed(group, topic), (std::vector<std::int64_t>{-1, -1}));
  read(shared_cluster().bootstrap(), topic, 2, group);
  EXPECT_EQ(admin.committed(group, topic), (std::vector<std::int64_t>{2, -1}));
  EXPECT_EQ(admin.committed_metadata(group, topic), (std::vector<std::string>{"", ""}));
}

TEST_F(KafkaAdminTest, ADeletedTopicIsGone) {
  KafkaAdmin admin(shared_cluster().bootstrap());
  const std::string topic = unique_name("deleted");
  admin.create_topic(topic);
  admin.delete_topic(topic);
  EXPECT_EQ(admin.partitions(topic), 0);
}

}  // namespace
}  // namespace braid::integration
