#pragma once

#include <braid/log_settings.hpp>
#include <braid/record.hpp>
#include <braid/routing/routes.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace braid {

class Monitor;

// An application's settings. Designated initializers read well:
//   Settings{.kafka = {{"bootstrap.servers", "localhost:9092"}}, .concurrency = 8}
// Thread: a value; the application keeps a copy of its own.
struct Settings {
  // librdkafka's settings for every client of the application; consumer groups, subscription groups and topics
  // may override them. "bootstrap.servers" is required.
  routing::KafkaSettings kafka;

  // librdkafka's settings of the producers that Batch::produce() uses, over those above. Without any, the producer
  // is made when the first record is produced; else at the start, which then tells what it refuses.
  routing::KafkaSettings producer{};

  // What records of Batch::produce() pass, as a Producer's do its middleware and interceptors: under
  // `delivery: exactly_once` as well, where the interceptors hear of no deliveries, since the transaction alone is
  // acknowledged. Dead letters pass none.
  std::vector<Middleware> producer_middleware{};
  std::vector<std::shared_ptr<ProducerInterceptor>> producer_interceptors{};

  // A message counts as done when what was produced for it is delivered (Batch::produce). Off: without that, and
  // what is not delivered is counted in the log alone.
  bool await_produced = true;

  // Kafka's client.id; connections append their number, behind the node's in a swarm (docs/swarm.md).
  std::string client_id = "braid";

  // What the ids of transactional producers begin with; topics with delivery: exactly_once need it. No other
  // process may have the same: a second one fences the first. The node's number is appended in a swarm
  // (docs/swarm.md), and a number for each partition that is assigned at once.
  std::string transactional_id{};

  // Worker threads that all jobs of the application share. 1 to 10,000. Application::set_concurrency() changes it.
  std::uint32_t concurrency = 5;

  // How often positions are committed. Also committed on revocation and stop. At least 10 ms.
  std::chrono::milliseconds commit_interval{5000};

  // start() fails when no broker has answered by then.
  std::chrono::milliseconds connect_timeout{8000};

  // A connection that no broker has answered for so long gets a new client, which looks the servers up anew; until
  // one answers, again and again with pauses of up to a minute. Its partitions end as if they were revoked. At
  // least 1 s.
  std::chrono::milliseconds transport_timeout{300'000};

  // How long a revoked partition's running jobs may go on so that their results count; hooks and commit have what
  // is left of it, or 200 ms behind. At most half of max.poll.interval.ms: more than that is reported, and not
  // waited.
  std::chrono::milliseconds drain_on_revoke{5000};

  // stop() and run() leave the group and return at the latest after this, whatever still runs.
  std::chrono::milliseconds shutdown_timeout{30'000};

  // A partition that has something to do and has not moved for so long, neither its position nor anything behind
  // it, is reported in the log with what it waits for; again each ten minutes (or ten times as long), and when it
  // goes on. 0: never. Topics may say otherwise.
  std::chrono::milliseconds stalled_after{60'000};

  // Bound of what the clients fetch ahead, over `expected_partitions` assigned partitions of the process.
  std::size_t prefetch_bytes = 256 * 1024 * 1024;
  std::uint32_t expected_partitions = 16;

  // Bound of the bytes of keys and payloads that the partitions of the process hold together, beside what is
  // fetched ahead; a partition that holds nothing may always take a little.
  std::size_t max_bytes_in_flight = 512 * 1024 * 1024;

  // How long a commit's metadata may be, which carries what is done beyond the position. Brokers refuse more than
  // their offset.metadata.max.bytes, 4,096 by default, which is not reached. 0 (none is sent) to 32,767, the
  // longest string of Kafka's protocol.
  std::uint32_t commit_metadata_bytes = 4'095;

  // Lines below this level are not written. Logs go to stderr, unless `log` says otherwise.
  LogLevel log_level = LogLevel::info;
  LogSettings log{};

  // Who hears of what the application does (braid/monitor.hpp); several applications may share one. None: it makes
  // one of its own, Application::monitor().
  std::shared_ptr<Monitor> monitor{};

  // run() drains and stops on SIGINT and SIGTERM; a second one ends the process at once. While it still looks for a
  // broker, the first one counts when that has ended. SIGTSTP (a terminal's Ctrl-Z) is quiet(), SIGTTIN writes
  // dump() to the log, whatever its level. Without this the application touches no signal.
  bool handle_signals = false;
};

}  // namespace braid
