#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace braid::integration {

struct KafkaClusterOptions {
  // Nodes are numbered from 1; each is broker and controller. At least 1.
  int nodes = 1;

  // Broker settings over those that `serve` chooses; the same for every node.
  std::map<std::string, std::string> settings = {};

  // Ports of this program's, one a node: each node gets one more listener, which tells its clients to come to that
  // port. What listens there passes them on to behind(). Empty: there is no such listener.
  std::vector<int> fronts = {};

  // Listeners beside the plain one, which stays: name (lower case) and protocol, such as {"safe", "SASL_SSL"}. Each
  // has a port of its own on every node; what it needs goes to `settings`, as listener.name.safe.*.
  std::map<std::string, std::string> listeners = {};

  // Users and passwords for SASL/SCRAM, SHA-256 and SHA-512.
  std::map<std::string, std::string> scram_users = {};

  // The folder of the jars, as `prepare` prints it; empty: BRAID_KAFKA_LIBS.
  std::string libs = {};

  // Java heap of a node, as java's -Xmx takes it.
  std::string heap = "512m";

  // How long starting or stopping nodes may take before it is a failure.
  std::chrono::seconds deadline{60};
};

// A cluster of real Apache Kafka on loopback ports, with its data in a temporary folder.
//
// The program `serve` beside this file formats, starts and ends the nodes; this class speaks to it. It notices when
// this process ends, however that happens, and then kills the nodes and removes the folder. The destructor does the
// same, in the process that started the cluster only: a copy in a forked child lets go without harm.
//
// All functions throw std::runtime_error when a node does not do what it should; the message ends with its log.
//
// Thread: any, one call at a time.
class KafkaCluster {
 public:
  // Empty when Kafka can be started here; else the reason, for GTEST_SKIP(). Looks at BRAID_KAFKA_LIBS, the folder
  // that `prepare` printed, and BRAID_KAFKA_SKIP, the reason why there is none.
  static std::optional<std::string> available();

  // The folder of an older version's jars, that BRAID_OLDER_KAFKA_LIBS names; empty: there are none.
  static std::string older_libs();

  // Returns when all nodes answer: about 3 s for one, 6 s for three on two cores.
  static KafkaCluster start(KafkaClusterOptions options = {});

  KafkaCluster(KafkaCluster&&) noexcept;
  KafkaCluster& operator=(KafkaCluster&&) noexcept;
  ~KafkaCluster();

  // HOST:PORT of every node, separated by commas. Stays the same over restarts.
  const std::string& bootstrap() const;
  // The same of one of the extra listeners.
  std::string bootstrap(const std::string& listener) const;
  int nodes() const;

  // SIGKILL; returns when the process is gone.
  void kill(int node);
  // SIGTERM, the broker's controlled shutdown; returns when the process is gone.
  void stop(int node);

  // Starts what was killed or stopped, with its data, and returns when it answers. A killed node takes at least the
  // broker's session timeout, 3 s. Nodes that form a majority only together must be started in one call.
  void restart(int node);
  void restart(const std::vector<int>& nodes);

  // SIGSTOP and SIGCONT: the node keeps its connections and does not answer.
  void pause(int node);
  void resume(int node);

  // The port of the listener behind the node's front.
  int behind(int node) const;

  // Process id, 0 while the node is down.
  pid_t pid(int node) const;
  pid_t supervisor_pid() const;
  std::string log_tail(int node, int lines = 40) const;
  // The temporary folder; gone with the cluster.
  std::string folder() const;

 private:
  class Supervisor;

  explicit KafkaCluster(std::unique_ptr<Supervisor> supervisor);

  std::unique_ptr<Supervisor> supervisor_;
};

// The single-node cluster that all tests of this program share: started at the first call, ended with the program.
// Tests keep apart by the names of their topics and groups, and leave the node running; who kills nodes starts a
// cluster of its own. Once it has failed to start, every later call throws the same at once.
// Thread: any.
KafkaCluster& shared_cluster();

// A name that no other test in this or another process uses: the prefix, the process id, a counter.
// Thread: any.
std::string unique_name(const std::string& prefix);

}  // namespace braid::integration
