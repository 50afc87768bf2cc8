#pragma once

#include "adapters/librdkafka/statistics.hpp"
#include "engine/ports/consumer_client.hpp"
#include "engine/ports/log.hpp"

#include <braid/result.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>

// The consumer client on librdkafka (>= 2.0.2). No librdkafka type shows here.

namespace braid::adapters {

struct ConsumerClientOptions {
  engine::Log& log;        // must outlive the client, not the messages it handed out
  std::string group_id{};  // required
  std::string client_id = "braid";
  // Kafka settings as librdkafka's CONFIGURATION.md names them; bootstrap.servers is required. They win over the
  // framework's choices (client_id and prefetch_bytes_per_partition included), but for group.id,
  // enable.auto.commit, enable.auto.offset.store, auto.offset.reset and enable.partition.eof, which the framework
  // needs as they are: any other value of these is an error.
  std::map<std::string, std::string> settings{};
  // What librdkafka may fetch ahead, for each partition; sets queued.max.messages.kbytes. None: 16 MiB.
  std::optional<std::size_t> prefetch_bytes_per_partition{};
  // Whether TakeReport tells the end of a partition, which ends a wait for more and lets the position move over
  // transaction markers. From librdkafka 2.2 to 2.13.1 it is off whatever this says: there each such element moves
  // the library's own position too far.
  bool end_of_partition = true;
  // A commit's metadata that is longer is left out: brokers refuse more than their offset.metadata.max.bytes.
  std::size_t metadata_bytes = 4'095;
  // After this, read_positions() answers with a retriable error. The library itself asks again until then; and the
  // process does not survive a time-out while the coordinator is looked for: librdkafka, up to 2.15 at least, goes
  // on with what it has freed when the coordinator is found after all (its issues 4605 and 5397). So it is the
  // longest that librdkafka takes. A coordinator that is away for longer than the session costs the assignment
  // anyway, and the next one asks anew.
  std::chrono::milliseconds positions_timeout = std::chrono::hours(1);
  // When no broker has been reached for so long, that is a fatal error: a new client looks the servers up anew. One
  // that is reached and slow is none.
  std::chrono::milliseconds transport_timeout{300'000};
  // Before librdkafka 2.3 a client that was never assigned anything can't be destroyed. Once so many of the process
  // are left behind no more are made, and the error says so.
  std::size_t handles_left_most = 32;
  StatisticsOptions statistics{};
};

inline constexpr std::size_t kPrefetchBytesPerPartition = std::size_t{16} << 20;

// An error of kind invalid_setting where a setting is unknown, malformed or the framework's own. Does not connect.
// Thread: the future listener's, which alone may use the client.
Result<std::unique_ptr<engine::ConsumerClient>> make_consumer_client(const ConsumerClientOptions& options);

}  // namespace braid::adapters
