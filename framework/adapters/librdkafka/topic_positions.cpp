#include "adapters/librdkafka/topic_positions.hpp"

#include "adapters/librdkafka/connect_trouble.hpp"
#include "adapters/librdkafka/rdkafka_errors.hpp"
#include "adapters/librdkafka/rdkafka_handles.hpp"
#include "adapters/librdkafka/rdkafka_log.hpp"
#include "adapters/librdkafka/rdkafka_settings.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

namespace braid::adapters {
namespace {

struct Destroy {
  // It never joined its group, so there is nothing to leave.
  void operator()(rd_kafka_t* rk) const noexcept {
    rd_kafka_destroy_flags(rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  }
  void operator()(rd_kafka_topic_t* topic) const noexcept { rd_kafka_topic_destroy(topic); }
  void operator()(const struct rd_kafka_metadata* metadata) const noexcept { rd_kafka_metadata_destroy(metadata); }
};

// One client and its deadline. Thread: the caller's.
class Query {
 public:
  Query(const TopicPositionsQuery& query, engine::Log& log)
      : query_(query), log_(log), deadline_(std::chrono::steady_clock::now() + query.timeout) {}

  Result<std::vector<PartitionPositions>> run() {
    if (const auto opened = open(); !opened) return opened.error();
    auto partitions = list();
    if (!partitions) return partitions.error();
    auto found = std::move(partitions).value();
    for (PartitionPositions& each : found) {
      const auto code = rd_kafka_query_watermark_offsets(rk_.get(), query_.topic.c_str(), each.partition.value,
                                                         &each.begin.value, &each.end.value, left());
      rdkafka_log_.drain();
      if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return translate(code, "ends of " + query_.topic);
    }
    if (const auto read = committed(found); !read) return read.error();
    return found;
  }

 private:
  Result<void> open() {
    using enum SettingRule;
    const KafkaSettings users{query_.kafka.begin(), query_.kafka.end()};
    auto conf = make_conf({{"group.id", query_.group, fixed}, {"enable.metrics.push", "false", if_known}}, users);
    if (!conf) return conf.error();
    ConfPtr owned = std::move(conf).value();
    if (setting(*owned, "bootstrap.servers").empty()) {
      return Error{Error::Kind::invalid_setting, "Kafka setting bootstrap.servers is missing, e.g. localhost:9092"};
    }
    trouble_.emplace(ConnectTrouble::context_of(*owned, users));
    rd_kafka_conf_set_opaque(owned.get(), &*trouble_);
    rd_kafka_conf_set_error_cb(owned.get(), [](rd_kafka_t*, int code, const char* reason, void* opaque) {
      static_cast<ConnectTrouble*>(opaque)->note(static_cast<rd_kafka_resp_err_t>(code), reason);
    });
    ConnectTrouble::explain_certificates(*owned);
    RdkafkaLog::prepare(*owned);
    std::array<char, 512> reason{};
    rd_kafka_t* rk = rd_kafka_new(RD_KAFKA_CONSUMER, owned.get(), reason.data(), reason.size());
    if (rk == nullptr) {
      return Error{Error::Kind::invalid_setting,
                   routing::without_secrets(std::string{"Kafka settings: "} + reason.data(), secrets_of(users))};
    }
    owned.release();  // NOLINT: the client has taken it over
    rk_.reset(rk);
    rdkafka_log_.attach(rk, secrets_of(users));
    rdkafka_log_.tell(&*trouble_);
    auto reached = reach_broker(
        rk, std::chrono::milliseconds(left()), *trouble_,
        [](void* self) { static_cast<Query*>(self)->look_around(); }, this);
    if (reached) rdkafka_log_.tell(nullptr);
    return reached;
  }

  void look_around() {
    rdkafka_log_.drain();
    rd_kafka_poll(rk_.get(), 0);  // serves the errors, which know why
  }

  Result<std::vector<PartitionPositions>> list() {
    const std::unique_ptr<rd_kafka_topic_t, Destroy> topic{
        rd_kafka_topic_new(rk_.get(), query_.topic.c_str(), nullptr)};
    if (!topic) return translate(rd_kafka_last_error(), "topic " + query_.topic);
    const struct rd_kafka_metadata* answer = nullptr;
    const auto code = rd_kafka_metadata(rk_.get(), 0, topic.get(), &answer, left());
    const std::unique_ptr<const struct rd_kafka_metadata, Destroy> metadata{answer};
    rdkafka_log_.drain();
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return trouble_->error(query_.timeout);
    if (metadata->topic_cnt != 1) return Error{Error::Kind::unknown_topic, "there is no topic " + query_.topic};
    const auto& found = metadata->topics[0];
    if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR) return translate(found.err, "topic " + query_.topic);
    std::vector<PartitionPositions> partitions;
    for (int i = 0; i < found.partition_cnt; ++i) partitions.push_back({.partition = {found.partitions[i].id}});
    std::sort(partitions.begin(), partitions.end(),
              [](const auto& left, const auto& right) { return left.partition < right.partition; });
    return partitions;
  }

  Result<void> committed(std::vector<PartitionPositions>& partitions) {
    const PartitionListPtr list{rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size()))};
    for (const auto& each : partitions) {
      rd_kafka_topic_partition_list_add(list.get(), query_.topic.c_str(), each.partition.value);
    }
    const auto code = rd_kafka_committed(rk_.get(), list.get(), left());
    rdkafka_log_.drain();
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return translate(code, "positions of group " + query_.group);
    for (int i = 0; i < list->cnt; ++i) {
      const rd_kafka_topic_partition_t& answer = list->elems[i];
      if (answer.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return translate(answer.err, "positions of group " + query_.group);
      }
      if (answer.offset >= 0) partitions[static_cast<std::size_t>(i)].committed = CommitPosition{answer.offset};
    }
    return {};
  }

  // At least a moment, so that what is there already is not refused.
  [[nodiscard]] int left() const {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now());
    return static_cast<int>(std::max<std::int64_t>(left.count(), 1));
  }

  const TopicPositionsQuery& query_;
  engine::Log& log_;
  const std::chrono::steady_clock::time_point deadline_;
  std::optional<ConnectTrouble> trouble_;  // outlives the client, which reports to it
  std::unique_ptr<rd_kafka_t, Destroy> rk_;
  RdkafkaLog rdkafka_log_{log_};  // ends before the client
};

}  // namespace

Result<std::vector<PartitionPositions>> topic_positions(const TopicPositionsQuery& query, engine::Log& log) {
  return Query(query, log).run();
}

}  // namespace braid::adapters
