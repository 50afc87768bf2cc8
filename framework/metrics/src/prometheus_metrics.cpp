#include "metric_families.hpp"

#include <braid/prometheus_metrics.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace braid {

namespace {

using metrics::LabelValues;

double seconds(auto duration) {
  return std::chrono::duration<double>(duration).count();
}

double number(auto value) {
  return static_cast<double>(value);
}

LabelValues topic_of(const events::Partition& where) {
  return {where.consumer_group, where.topic};
}

LabelValues partition_of(const events::Partition& where) {
  return {where.consumer_group, where.topic, std::to_string(where.partition)};
}

}  // namespace

class PrometheusMetrics::Impl {
 public:
  Impl(Sources sources, const Options& options)
      : sources_(std::move(sources)), families_(options.max_label_sets, options.labels) {
    listen<events::BatchSettled>();
    listen<events::AttemptFailed>();
    listen<events::PartitionMeasured>();
    listen<events::PartitionsAssigned>();
    listen<events::PartitionsRevoked>();
    listen<events::PositionsCommitted>();
    listen<events::ErrorOccurred>();
    listen<events::RecordsDelivered>();
    listen<events::RecordsFailed>();
    listen<events::ProducerReplaced>();
    listen<events::TransactionCommitted>();
    listen<events::TransactionAborted>();
    listen<events::ClientMeasured>();
  }

  [[nodiscard]] std::string text() {
    ask_figures();
    for (const TopicFigures& topic : sources_.topic_figures()) ask(topic);
    families_.count_up_to("braid_events_dropped_total", {}, number(sources_.monitor->dropped()));
    families_.add("braid_label_sets_left_out_total", {}, 0);
    return families_.text();
  }

 private:
  template <class E>
  void listen() {
    subscriptions_.push_back(sources_.monitor->subscribe<E>([this](const E& event) { hear(event); }));
  }

  void hear(const events::BatchSettled& batch) {
    const LabelValues topic = topic_of(batch.where);
    families_.observe("braid_consumption_lag_seconds", topic, seconds(batch.consumption_lag));
    families_.observe("braid_processing_lag_seconds", topic, seconds(batch.processing_lag));
    families_.observe("braid_batch_duration_seconds", topic, seconds(batch.took));
    families_.observe("braid_batch_messages", topic, batch.messages);
    families_.observe("braid_batch_virtual_partitions", topic, batch.virtual_partitions);
    families_.observe("braid_batch_largest_share_messages", topic, batch.largest_share);
  }

  void hear(const events::AttemptFailed& failed) { families_.add("braid_failures_total", topic_of(failed.where)); }

  void hear(const events::PartitionMeasured& partition) {
    const LabelValues where = partition_of(partition.where);
    const auto set_if_known = [&](std::string_view gauge, const std::optional<std::int64_t>& lag) {
      if (lag) {
        families_.set(gauge, where, number(*lag));
      } else {
        families_.remove_gauge(gauge, where);
      }
    };
    set_if_known("braid_partition_committed_lag", partition.committed_lag);
    set_if_known("braid_partition_processed_lag", partition.processed_lag);
    families_.set("braid_partition_open_offsets", where, number(partition.open_offsets));
    families_.set("braid_partition_oldest_open_age_seconds", where,
                  seconds(partition.oldest_open_age.value_or(events::Milliseconds(0))));
    families_.set("braid_partition_held_bytes", where, number(partition.bytes_held));
    families_.set("braid_partition_gap_bytes", where, number(partition.gap_bytes));
    families_.set("braid_partition_waiting_messages", where, number(partition.waiting));
    families_.set("braid_partition_parked_messages", where, number(partition.parked));
  }

  void hear(const events::PartitionsAssigned& assigned) {
    families_.add("braid_rebalances_total", {assigned.where.consumer_group});
  }

  // Of what others have now nothing is to be seen here.
  void hear(const events::PartitionsRevoked& revoked) {
    const std::string& group = revoked.where.consumer_group;
    families_.add("braid_rebalances_total", {group});
    families_.observe("braid_revocation_duration_seconds", {group}, seconds(revoked.took));
    for (const events::TopicPartition& partition : revoked.partitions) {
      families_.remove_gauges({group, partition.topic, std::to_string(partition.partition)});
    }
  }

  void hear(const events::PositionsCommitted& committed) {
    families_.observe("braid_commit_duration_seconds", {committed.consumer_group}, seconds(committed.took));
  }

  void hear(const events::ErrorOccurred& error) {
    families_.add("braid_errors_total",
                  {std::string(events::name_of(error.type)), std::string(events::name_of(error.kind))},
                  number(error.times));
  }

  void hear(const events::RecordsDelivered& records) {
    families_.add("braid_records_delivered_total", {records.producer}, number(records.delivered));
    families_.set("braid_records_outstanding", {records.producer}, number(records.outstanding));
  }

  void hear(const events::RecordsFailed& failed) {
    families_.add("braid_records_failed_total", {failed.producer, std::string(events::name_of(failed.kind))},
                  number(failed.records));
  }

  void hear(const events::ProducerReplaced& replaced) {
    families_.add("braid_producer_replacements_total", {replaced.producer});
  }

  void hear(const events::TransactionCommitted& transaction) { add("committed", transaction); }

  void hear(const events::TransactionAborted& transaction) {
    add(transaction.kind == Error::Kind::in_doubt ? "in_doubt" : "aborted", transaction);
  }

  void add(const char* outcome, const auto& transaction) {
    families_.add("braid_transactions_total", {outcome});
    families_.observe("braid_transaction_duration_seconds", {outcome}, seconds(transaction.took));
    families_.observe("braid_transaction_records", {outcome}, number(transaction.records));
  }

  void hear(const events::ClientMeasured& client) {
    const LabelValues name{client.client};
    // Of a client that took the place of another one they begin anew.
    families_.follow("braid_client_received_bytes_total", name, number(client.received_bytes));
    families_.follow("braid_client_sent_bytes_total", name, number(client.sent_bytes));
    if (client.is_producer) {
      families_.set("braid_client_send_queue_messages", name, number(client.send_queue_messages));
      families_.set("braid_client_send_queue_bytes", name, number(client.send_queue_bytes));
    } else {
      families_.follow("braid_client_rebalances_total", name, number(client.rebalances));
      families_.set("braid_client_fetch_queue_messages", name, number(client.fetch_queue_messages));
      families_.set("braid_client_fetch_queue_bytes", name, number(client.fetch_queue_bytes));
    }
    for (const events::Broker& broker : client.brokers) {
      const LabelValues of{client.client, std::to_string(broker.broker)};
      families_.set("braid_broker_up", of, broker.up ? 1 : 0);
      families_.set("braid_broker_round_trip_seconds", of, seconds(broker.round_trip));
      families_.set("braid_broker_throttle_seconds", of, seconds(broker.throttle));
      families_.set("braid_broker_requests_waiting", of, number(broker.waiting));
      families_.follow("braid_broker_timeouts_total", of, number(broker.timeouts));
      families_.follow("braid_broker_disconnects_total", of, number(broker.disconnects));
    }
  }

  void ask_figures() {
    const Figures figures = sources_.figures();
    const auto count = [&](std::string_view name, std::uint64_t total) {
      families_.count_up_to(name, {}, number(total));
    };
    count("braid_messages_taken_total", figures.messages_taken);
    count("braid_messages_done_total", figures.messages_done);
    count("braid_messages_stale_total", figures.messages_stale);
    count("braid_messages_done_before_total", figures.messages_done_before);
    count("braid_messages_filtered_total", figures.messages_filtered);
    count("braid_messages_skipped_total", figures.messages_skipped);
    count("braid_messages_dropped_total", figures.messages_dropped);
    count("braid_offset_jumps_total", figures.offset_jumps);
    count("braid_batches_total", figures.batches);
    count("braid_attempts_failed_total", figures.attempts_failed);
    count("braid_retries_total", figures.retries);
    count("braid_dead_letters_total", figures.dead_letters);
    count("braid_dead_letters_failed_total", figures.dead_letters_failed);
    count("braid_commits_total", figures.commits);
    count("braid_commits_failed_total", figures.commits_failed);
    count("braid_partitions_assigned_total", figures.assignments);
    count("braid_partitions_revoked_total", figures.revocations);
    count("braid_connection_restarts_total", figures.connection_restarts);
    families_.set("braid_messages_parked", {}, figures.messages_parked);
    families_.set("braid_connections", {}, figures.connections);
    families_.set("braid_jobs_running", {}, figures.jobs_running);
  }

  void ask(const TopicFigures& topic) {
    const LabelValues labels{topic.consumer_group, topic.topic};
    families_.set("braid_jobs_waiting", labels, number(topic.jobs_waiting));
    families_.set("braid_messages_queued", labels, number(topic.messages_queued));
    families_.set("braid_virtual_partitions_queued", labels, number(topic.virtual_partitions_queued));
    families_.set("braid_longest_queue_messages", labels, number(topic.longest_queue));
  }

  Sources sources_;
  metrics::MetricFamilies families_;
  std::vector<Subscription> subscriptions_;  // last: its end waits for who writes to the rest
};

PrometheusMetrics::PrometheusMetrics(const Application& application) : PrometheusMetrics(application, Options()) {}
PrometheusMetrics::PrometheusMetrics(const Application& application, Options options)
    : PrometheusMetrics(Sources{.monitor = &application.monitor(),
                                .figures = [&application] { return application.figures(); },
                                .topic_figures = [&application] { return application.topic_figures(); }},
                        std::move(options)) {}
PrometheusMetrics::PrometheusMetrics(Sources sources, Options options)
    : impl_(std::make_unique<Impl>(std::move(sources), options)) {}
PrometheusMetrics::~PrometheusMetrics() = default;

std::string PrometheusMetrics::text() const {
  return impl_->text();
}

}  // namespace braid
