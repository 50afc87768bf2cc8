#include <braid/testing/embedded_cluster.hpp>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <dlfcn.h>

#include <array>
#include <stdexcept>

namespace braid::testing {
namespace {

// A batch's own header, and the worst of a record's within it.
constexpr std::size_t kBatchOverhead = 61;
constexpr std::size_t kRecordOverhead = 21;

// A group's first wait can be set from 2.6 on; looked up by name, as this may be built against an older library.
void set_join_delay(rd_kafka_mock_cluster_t* cluster, std::chrono::milliseconds delay) {
  using Function = void (*)(rd_kafka_mock_cluster_t*, std::int32_t);
  const auto function =
      reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, "rd_kafka_mock_group_initial_rebalance_delay_ms"));
  if (function != nullptr) function(cluster, static_cast<std::int32_t>(delay.count()));
}

}  // namespace

struct EmbeddedCluster::Impl {
  rd_kafka_t* rk = nullptr;
  rd_kafka_mock_cluster_t* cluster = nullptr;
  int brokers = 0;

  ~Impl() {
    if (cluster != nullptr) rd_kafka_mock_cluster_destroy(cluster);
    if (rk != nullptr) rd_kafka_destroy(rk);
  }
};

EmbeddedCluster::EmbeddedCluster() : EmbeddedCluster(Options{}) {}

EmbeddedCluster::EmbeddedCluster(const Options& options) : impl_(std::make_unique<Impl>()) {
  if (options.brokers < 1) throw std::runtime_error("an embedded cluster needs at least one broker");
  std::array<char, 256> reason{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set_log_cb(conf, nullptr);  // the brokers' chatter is nobody's
  impl_->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason.data(), reason.size());
  if (impl_->rk == nullptr) {
    rd_kafka_conf_destroy(conf);
    throw std::runtime_error(std::string{"embedded cluster: "} + reason.data());
  }
  impl_->cluster = rd_kafka_mock_cluster_new(impl_->rk, options.brokers);
  if (impl_->cluster == nullptr) throw std::runtime_error("embedded cluster: the brokers can't listen on loopback");
  impl_->brokers = options.brokers;
  set_join_delay(impl_->cluster, options.join_delay);
  for (const Topic& topic : options.topics) {
    const auto created = create_topic(topic.name, topic.partitions, topic.replication);
    if (!created) throw std::runtime_error("embedded cluster: " + created.error().text());
  }
}

EmbeddedCluster::~EmbeddedCluster() = default;

std::string EmbeddedCluster::bootstrap() const {
  return rd_kafka_mock_cluster_bootstraps(impl_->cluster);
}

int EmbeddedCluster::brokers() const {
  return impl_->brokers;
}

Result<void> EmbeddedCluster::create_topic(const std::string& name, int partitions, int replication) {
  if (name.empty() || partitions < 1 || replication < 1 || replication > impl_->brokers) {
    return Error{Error::Kind::invalid_setting, "topic '" + name + "' with " + std::to_string(partitions) +
                                                   " partitions and " + std::to_string(replication) +
                                                   " replicas: needs a name, a partition, and 1 to " +
                                                   std::to_string(impl_->brokers) + " replicas"};
  }
  const auto code = rd_kafka_mock_topic_create(impl_->cluster, name.c_str(), partitions, replication);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return Error{Error::Kind::other, "topic '" + name + "': " + rd_kafka_err2str(code)};
}

void EmbeddedCluster::fail_next(Api api, const std::vector<BrokerError>& errors) {
  std::vector<rd_kafka_resp_err_t> codes;
  codes.reserve(errors.size());
  for (const BrokerError error : errors) codes.push_back(static_cast<rd_kafka_resp_err_t>(error));
  rd_kafka_mock_push_request_errors_array(impl_->cluster, static_cast<std::int16_t>(api), codes.size(),
                                          codes.data());
}

void EmbeddedCluster::clear_failures(Api api) {
  rd_kafka_mock_clear_request_errors(impl_->cluster, static_cast<std::int16_t>(api));
}

void EmbeddedCluster::broker_down(int broker) {
  rd_kafka_mock_broker_set_down(impl_->cluster, broker);
}

void EmbeddedCluster::broker_up(int broker) {
  rd_kafka_mock_broker_set_up(impl_->cluster, broker);
}

void EmbeddedCluster::set_latency(int broker, std::chrono::milliseconds latency) {
  rd_kafka_mock_broker_set_rtt(impl_->cluster, broker, static_cast<int>(latency.count()));
}

void EmbeddedCluster::set_leader(const std::string& topic, int partition, int broker) {
  rd_kafka_mock_partition_set_leader(impl_->cluster, topic.c_str(), partition, broker);
}

void EmbeddedCluster::set_topic_error(const std::string& topic, BrokerError error) {
  rd_kafka_mock_topic_set_error(impl_->cluster, topic.c_str(), static_cast<rd_kafka_resp_err_t>(error));
}

void EmbeddedCluster::set_newest_version(Api api, int version) {
  // No least one stands for "not at all".
  rd_kafka_mock_set_apiversion(impl_->cluster, static_cast<std::int16_t>(api),
                               static_cast<std::int16_t>(version < 0 ? -1 : 0), static_cast<std::int16_t>(version));
}

Result<void> EmbeddedCluster::check_fits(std::size_t bytes_per_partition) {
  if (bytes_per_partition <= bytes_per_partition_max()) return {};
  return Error{Error::Kind::queue_full,
               std::to_string(bytes_per_partition) +
                   " bytes do not fit into a partition of the embedded cluster, which keeps " +
                   std::to_string(bytes_per_partition_max()) +
                   " and drops the oldest in silence; use more partitions or fewer messages, "
                   "or produce as the consumers commit"};
}

Result<void> EmbeddedCluster::check_fits(std::size_t messages_per_partition, std::size_t bytes_per_message) {
  if (messages_per_partition > batches_per_partition_max()) {
    return Error{
        Error::Kind::queue_full,
        std::to_string(messages_per_partition) +
            " messages may not fit into a partition of the embedded cluster, which keeps " +
            std::to_string(batches_per_partition_max()) +
            " batches and drops the oldest in silence; use more partitions or fewer messages, or produce as "
            "the consumers commit"};
  }
  const std::size_t each = bytes_per_message + kBatchOverhead + kRecordOverhead;
  // No overflow: the count is bounded above, and a size beyond the limit is refused by itself.
  if (each > bytes_per_partition_max()) return check_fits(each);
  return check_fits(messages_per_partition * each);
}

std::map<std::string, std::string> EmbeddedCluster::recommended_consumer_settings() {
  return {{"fetch.wait.max.ms", "10"},
          {"session.timeout.ms", "3000"},  // shorter ones never get through a rebalance of the mock
          {"heartbeat.interval.ms", "100"},
          {"reconnect.backoff.ms", "20"},
          {"reconnect.backoff.max.ms", "200"},
          {"topic.metadata.refresh.interval.ms", "1000"}};
}

}  // namespace braid::testing
