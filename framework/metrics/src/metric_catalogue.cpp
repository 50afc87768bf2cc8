#include "metric_catalogue.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace braid::metrics {

namespace {

constexpr std::string_view kNone;
constexpr std::string_view kGroup = "consumer_group";
constexpr std::string_view kTopic = "consumer_group, topic";
constexpr std::string_view kPartition = "consumer_group, topic, partition";
constexpr std::string_view kProducer = "producer";
constexpr std::string_view kClient = "client";
constexpr std::string_view kBroker = "client, broker";
constexpr auto counter = Kind::counter;
constexpr auto gauge = Kind::gauge;
constexpr auto histogram = Kind::histogram;

constexpr MetricText kCatalogue[] = {
    // of the application, by its figures
    {"braid_messages_taken_total", counter, kNone, "Messages that were taken from Kafka"},
    {"braid_messages_done_total", counter, kNone, "Messages that consumers have settled"},
    {"braid_messages_stale_total", counter, kNone,
     "Messages that were dropped: below the expected offset, or of an assignment that ended"},
    {"braid_messages_done_before_total", counter, kNone,
     "Messages that were dropped, since the partition's owner before had done them"},
    {"braid_messages_filtered_total", counter, kNone, "Messages that filters have skipped"},
    {"braid_messages_skipped_total", counter, kNone, "Messages that were given up and not processed"},
    {"braid_messages_dropped_total", counter, kNone, "Messages that failed under at most once"},
    {"braid_messages_parked", gauge, kNone, "Messages that are given up for now, and left open"},
    {"braid_offset_jumps_total", counter, kNone, "Times that offsets were left out (compaction, transactions)"},
    {"braid_batches_total", counter, kNone, "Batches that have settled; with flow: continuous, jobs"},
    {"braid_attempts_failed_total", counter, kNone, "Attempts that ended by an exception"},
    {"braid_retries_total", counter, kNone, "Attempts of what had failed, or had asked for another one"},
    {"braid_dead_letters_total", counter, kNone,
     "Dead letters that the broker has acknowledged, or that were discarded"},
    {"braid_dead_letters_failed_total", counter, kNone, "Times that a dead letter was not taken"},
    {"braid_commits_total", counter, kNone, "Commits that were acknowledged"},
    {"braid_commits_failed_total", counter, kNone, "Commits that failed"},
    {"braid_partitions_assigned_total", counter, kNone, "Partitions that were assigned, each time counted"},
    {"braid_partitions_revoked_total", counter, kNone, "Partitions that were revoked, each time counted"},
    {"braid_connections", gauge, kNone, "Connections that run"},
    {"braid_connection_restarts_total", counter, kNone, "Times that a connection got a new client"},
    {"braid_jobs_running", gauge, kNone, "Jobs that are in user code"},
    {"braid_events_dropped_total", counter, kNone, "Events that came faster than their subscribers took them"},
    {"braid_label_sets_left_out_total", counter, kNone,
     "Values that were left out, since their metric had too many label sets"},
    {"braid_errors_total", counter, "type, kind", "Errors, by what they come from and by their kind"},
    // of a topic
    {"braid_jobs_waiting", gauge, kTopic, "Jobs that are ready, and held back by a full pool or a cap"},
    {"braid_messages_queued", gauge, kTopic, "Messages that wait behind what runs (flow: continuous)"},
    {"braid_virtual_partitions_queued", gauge, kTopic,
     "Virtual partitions with messages that wait (flow: continuous)"},
    {"braid_longest_queue_messages", gauge, kTopic,
     "Messages in the longest queue of a virtual partition (flow: continuous)"},
    {"braid_consumption_lag_seconds", histogram, kTopic,
     "From the creation of a batch's first message to the start of the batch's first job"},
    {"braid_processing_lag_seconds", histogram, kTopic, "From a batch's being ready to the start of its first job"},
    {"braid_batch_duration_seconds", histogram, kTopic,
     "From the start of a batch's first job until it has settled"},
    {"braid_batch_messages", histogram, kTopic, "Messages of a batch"},
    {"braid_batch_virtual_partitions", histogram, kTopic, "Virtual partitions with messages of a batch"},
    {"braid_batch_largest_share_messages", histogram, kTopic, "Messages of a batch's largest share"},
    {"braid_failures_total", counter, kTopic, "Attempts that ended by an exception, by topic"},
    // of a partition
    {"braid_partition_committed_lag", gauge, kPartition,
     "Offsets from the committed position to the end of the log"},
    {"braid_partition_processed_lag", gauge, kPartition,
     "Offsets behind the highest one that is done, gaps ignored"},
    {"braid_partition_open_offsets", gauge, kPartition, "Offsets that are delivered and not done"},
    {"braid_partition_oldest_open_age_seconds", gauge, kPartition,
     "For how long the oldest open offset has been here"},
    {"braid_partition_held_bytes", gauge, kPartition, "Keys and payloads of messages that are held"},
    {"braid_partition_gap_bytes", gauge, kPartition, "What gaps take of the next commit's metadata"},
    {"braid_partition_waiting_messages", gauge, kPartition, "Messages that are here and that no job has"},
    {"braid_partition_parked_messages", gauge, kPartition, "Messages that are given up for now"},
    // of a consumer group
    {"braid_rebalances_total", counter, kGroup, "Times that partitions came or went"},
    {"braid_revocation_duration_seconds", histogram, kGroup,
     "From hearing of a revocation to giving the partitions up"},
    {"braid_commit_duration_seconds", histogram, kGroup, "From sending positions to their acknowledgement"},
    // of a producer
    {"braid_records_delivered_total", counter, kProducer, "Records that brokers have acknowledged"},
    {"braid_records_failed_total", counter, "producer, kind", "Records that were given up, by the kind of error"},
    {"braid_records_outstanding", gauge, kProducer, "Records that were sent, and have no answer"},
    {"braid_producer_replacements_total", counter, kProducer,
     "Times that a client that had failed for good was replaced"},
    {"braid_transactions_total", counter, "outcome",
     "Transactions that have ended: committed, aborted or in_doubt"},
    {"braid_transaction_duration_seconds", histogram, "outcome", "From a transaction's beginning to its end"},
    {"braid_transaction_records", histogram, "outcome", "Records of a transaction"},
    // of a client, by librdkafka's statistics
    {"braid_client_rebalances_total", counter, kClient, "Rebalances of a consumer client's group"},
    {"braid_client_fetch_queue_messages", gauge, kClient, "Messages that were fetched, and are not taken yet"},
    {"braid_client_fetch_queue_bytes", gauge, kClient, "Their size"},
    {"braid_client_send_queue_messages", gauge, kClient,
     "Records of a producer client that wait to be sent, or for their answer"},
    {"braid_client_send_queue_bytes", gauge, kClient, "Their size"},
    {"braid_client_received_bytes_total", counter, kClient, "What brokers have sent"},
    {"braid_client_sent_bytes_total", counter, kClient, "What was sent to brokers"},
    {"braid_broker_up", gauge, kBroker, "1: the client is connected to the broker"},
    {"braid_broker_round_trip_seconds", gauge, kBroker, "Of requests of late, on average"},
    {"braid_broker_throttle_seconds", gauge, kBroker, "By which answers were held back of late, on average"},
    {"braid_broker_requests_waiting", gauge, kBroker, "Requests that wait to be sent, or for their answer"},
    {"braid_broker_timeouts_total", counter, kBroker, "Requests without an answer in time"},
    {"braid_broker_disconnects_total", counter, kBroker, "Times that the connection to the broker has ended"},
};

}  // namespace

std::span<const MetricText> catalogue() {
  return kCatalogue;
}

const MetricText& text_of(std::string_view name) {
  const auto found = std::ranges::find(kCatalogue, name, &MetricText::name);
  if (found == std::end(kCatalogue)) throw std::logic_error("no such metric: " + std::string(name));
  return *found;
}

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::counter:
      return "counter";
    case Kind::gauge:
      return "gauge";
    case Kind::histogram:
      return "histogram";
  }
  return "unknown";
}

}  // namespace braid::metrics
