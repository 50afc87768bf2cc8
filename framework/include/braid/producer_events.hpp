#pragma once

#include <braid/event_parts.hpp>
#include <braid/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

// The part of the catalogue (braid/events.hpp) that producers and clients tell. Thread: values; as any.

namespace braid::events {

// --- producer

// What became of a producer's records, summed up: each second in which any was delivered or given up.
struct RecordsDelivered {
  std::string producer{};         // its thread's name
  std::uint64_t delivered = 0;    // acknowledged since the last time
  std::uint64_t failed = 0;       // given up since the last time
  std::uint64_t outstanding = 0;  // sent, and neither yet
  Milliseconds over{};            // since the last time
  BRAID_EVENT("records.delivered", producer, delivered, failed, outstanding, over)
};

// Records were given up: those of one topic, by one kind of error, summed up as records.delivered.
struct RecordsFailed {
  std::string producer{};                 // its thread's name
  std::string topic{};                    // where they were to go; empty: of further topics
  Error::Kind kind = Error::Kind::other;  // what kind of error it was
  std::uint64_t records = 0;              // so many
  std::string error{};                    // of the first of them, in words
  BRAID_EVENT("records.failed", producer, topic, kind, records, error)
};

// The client of a producer had failed for good, and another one has taken its place.
struct ProducerReplaced {
  std::string producer{};          // its thread's name
  std::uint64_t sent_again = 0;    // records that the new client was given
  std::uint64_t replacements = 0;  // so many so far
  std::string error{};             // why the client had failed
  BRAID_EVENT("producer.replaced", producer, sent_again, replacements, error)
};

// A client failed for good, and no other one takes its place: what is sent fails.
struct ProducerFailed {
  std::string producer{};  // its thread's name
  std::string error{};     // in words
  BRAID_EVENT("producer.failed", producer, error)
};

// A transaction was committed, of consumers or of a TransactionalProducer.
struct TransactionCommitted {
  std::string transactional_id{};  // of its producer
  std::uint64_t records = 0;       // so many were sent in it
  Milliseconds took{};             // since it had begun
  Microseconds commit_took{};      // of that: from asking for the commit to its answer
  BRAID_EVENT("transaction.committed", transactional_id, records, took, commit_took)
};

// A transaction was given up, or its commit failed; where the kind is in_doubt, nobody knows.
struct TransactionAborted {
  std::string transactional_id{};         // of its producer
  std::uint64_t records = 0;              // so many were sent in it
  Milliseconds took{};                    // since it had begun
  Error::Kind kind = Error::Kind::other;  // aborted: by who had begun it; else what failed it
  std::string error{};                    // in words
  BRAID_EVENT("transaction.aborted", transactional_id, records, took, kind, error)
};

// --- statistics

// A broker, as one client sees it.
struct Broker {
  std::int32_t broker = -1;       // Kafka's number of it
  std::string address{};          // host and port
  bool up = false;                // the client is connected to it
  Microseconds round_trip{};      // of requests of late, on average; 0: there was none
  Microseconds round_trip_p99{};  // likewise: of a hundred, 99 were not slower
  Milliseconds throttle{};        // by which the broker held answers back of late, on average
  std::uint64_t waiting = 0;      // requests that wait to be sent, or for their answer
  std::uint64_t timeouts = 0;     // requests without an answer in time, since the client was made
  std::uint64_t disconnects = 0;  // times that the connection has ended, since the client was made
  BRAID_EVENT_PART(broker, address, up, round_trip, round_trip_p99, throttle, waiting, timeouts, disconnects)
};

// How a client of librdkafka is, by its own statistics.
struct ClientMeasured {
  std::string client{};                    // its client.id
  bool is_producer = false;                // else a consumer
  Milliseconds age{};                      // since it was made
  std::string group_state{};               // of a consumer: init, up, ...; empty: a producer
  std::uint64_t rebalances = 0;            // of its group, since it was made
  std::string rebalance_reason{};          // of the last one
  std::uint64_t fetch_queue_messages = 0;  // fetched, and not taken yet
  std::uint64_t fetch_queue_bytes = 0;     // likewise, bytes
  std::uint64_t send_queue_messages = 0;   // of a producer: waiting to be sent, or for their answer
  std::uint64_t send_queue_bytes = 0;      // likewise, bytes
  std::uint64_t received_bytes = 0;        // since it was made
  std::uint64_t sent_bytes = 0;            // since it was made
  std::vector<Broker> brokers{};           // those that it knows by their numbers
  BRAID_EVENT("client.measured", client, is_producer, age, group_state, rebalances, rebalance_reason,
              fetch_queue_messages, fetch_queue_bytes, send_queue_messages, send_queue_bytes, received_bytes,
              sent_bytes, brokers)
};

}  // namespace braid::events
