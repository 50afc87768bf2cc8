#include "adapters/librdkafka/rdkafka_producer_client.hpp"

#include "adapters/librdkafka/outgoing_units.hpp"
#include "adapters/librdkafka/producer_client.hpp"
#include "adapters/librdkafka/rdkafka_errors.hpp"
#include "adapters/librdkafka/rdkafka_settings.hpp"
#include "adapters/librdkafka/rdkafka_version.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace braid::adapters {
namespace {

void* to_opaque(std::uint64_t token) {
  return reinterpret_cast<void*>(static_cast<std::uintptr_t>(token));
}

std::optional<std::string_view> view_of(const void* data, std::size_t size) {
  if (data == nullptr) return std::nullopt;
  return std::string_view(static_cast<const char*>(data), size);
}

std::vector<Header> headers_of(const rd_kafka_message_t& message) {
  std::vector<Header> headers;
  rd_kafka_headers_t* all = nullptr;
  if (rd_kafka_message_headers(&message, &all) != RD_KAFKA_RESP_ERR_NO_ERROR) return headers;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0; rd_kafka_header_get_all(all, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    headers.push_back({name, view_of(value, size)});
  }
  return headers;
}

}  // namespace

Result<std::unique_ptr<engine::ProducerClient>> make_producer_client(const ProducerClientOptions& options) {
  using enum SettingRule;
  const auto& users = options.settings;
  if (const auto servers = check_servers({users.begin(), users.end()}); !servers) return servers.error();
  std::vector<FrameworkSetting> ours{{"client.id", options.client_id, fallback},
                                     {"partitioner", "murmur2_random", fallback},
                                     {"socket.nagle.disable", "true", fallback},
                                     {"enable.metrics.push", "false", if_known}};
  // Acknowledgements of fewer than all exclude idempotence; who asks for them has chosen.
  const auto acks = users.contains("acks") ? users.find("acks") : users.find("request.required.acks");
  if (acks == users.end() || acks->second == "all" || acks->second == "-1") {
    ours.push_back({"enable.idempotence", "true", fallback});
  }
  if (const auto each = statistics_interval(options.statistics)) ours.push_back(*each);
  // Or messages without a key would go wherever, whatever the partitioner says.
  if (options.partitions_wrap) ours.push_back({"sticky.partitioning.linger.ms", "0", fixed});
  auto conf = make_conf(ours, users);
  if (!conf) return conf.error();
  if (const auto topics = TopicHandles::check(*conf.value(), options.topics); !topics) return topics.error();
  log_rdkafka_version(options.log);
  return RdkafkaProducerClient::make(std::move(conf).value(), options);
}

Result<std::unique_ptr<engine::ProducerClient>> RdkafkaProducerClient::make(ConfPtr conf,
                                                                            const ProducerClientOptions& options) {
  std::unique_ptr<RdkafkaProducerClient> client{
      new RdkafkaProducerClient{ConnectTrouble::context_of(*conf, options.settings), options}};
  rd_kafka_conf_set_opaque(conf.get(), client.get());
  rd_kafka_conf_set_dr_msg_cb(conf.get(), &RdkafkaProducerClient::delivery_cb);
  rd_kafka_conf_set_error_cb(conf.get(), &RdkafkaProducerClient::error_cb);
  if (options.partitions_wrap) {
    rd_kafka_topic_conf_t* topic_conf = rd_kafka_conf_get_default_topic_conf(conf.get());
    if (topic_conf == nullptr) {
      topic_conf = rd_kafka_topic_conf_new();
      rd_kafka_conf_set_default_topic_conf(conf.get(), topic_conf);
    }
    rd_kafka_topic_conf_set_partitioner_cb(topic_conf, &RdkafkaProducerClient::wrap_cb);
  }
  if (options.statistics.hear) rd_kafka_conf_set_stats_cb(conf.get(), &RdkafkaProducerClient::stats_cb);
  ConnectTrouble::explain_certificates(*conf);
  RdkafkaLog::prepare(*conf);
  std::array<char, 512> reason{};
  rd_kafka_t* rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), reason.data(), reason.size());
  if (rk == nullptr) {
    return Error{Error::Kind::invalid_setting,
                 routing::without_secrets(std::string{"Kafka settings: "} + reason.data(), client->secrets_)};
  }
  conf.release();  // NOLINT: librdkafka has taken it over
  client->rk_.reset(rk);
  client->rdkafka_log_.emplace(options.log).attach(rk, client->secrets_);
  client->main_queue_.reset(rd_kafka_queue_get_main(rk));
  client->topics_.emplace(rk, options.topics);
  return std::unique_ptr<engine::ProducerClient>{std::move(client)};
}

int RdkafkaProducerClient::stats_cb(rd_kafka_t*, char* json, std::size_t size, void* opaque) noexcept {
  return pass_on(static_cast<RdkafkaProducerClient*>(opaque)->hear_statistics_, {json, size});
}

RdkafkaProducerClient::~RdkafkaProducerClient() {
  if (!rk_) return;
  // Otherwise the destruction waits for what is under way.
  rd_kafka_purge(rk_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
  rdkafka_log_->drain();
}

Result<void> RdkafkaProducerClient::reach_broker(std::chrono::milliseconds timeout) {
  rdkafka_log_->tell(&trouble_);
  auto reached = adapters::reach_broker(
      rk_.get(), timeout, trouble_, [](void* self) { static_cast<RdkafkaProducerClient*>(self)->look_around(); },
      this);
  // In vain, the attempts go on until the client is given up, and have nothing new to say.
  if (reached) rdkafka_log_->tell(nullptr);
  return reached;
}

void RdkafkaProducerClient::look_around() {
  rdkafka_log_->drain();
  rd_kafka_poll(rk_.get(), 0);  // serves error_cb, which knows why
}

Result<void> RdkafkaProducerClient::send(const engine::OutgoingMessage& message, std::uint64_t token) {
  const auto topic = topics_->get(message.topic);
  if (!topic) return topic.error();
  auto wrapped = wraps_
                     ? std::make_unique<Wrapped>(Wrapped{token, message.partition ? message.partition->value : 0})
                     : nullptr;
  void* const opaque = wrapped ? wrapped.get() : to_opaque(token);
  const bool plain = message.headers.empty() && !message.timestamp_ms;
  auto sent = plain ? send_plain(topic.value(), message, opaque) : send_whole(topic.value(), message, opaque);
  if (sent) wrapped.release();  // NOLINT: until its report
  return sent;
}

// The call that costs least; it takes neither headers nor a timestamp.
Result<void> RdkafkaProducerClient::send_plain(rd_kafka_topic_t* topic, const engine::OutgoingMessage& message,
                                               void* opaque) {
  const std::int32_t partition = message.partition && !wraps_ ? message.partition->value : RD_KAFKA_PARTITION_UA;
  if (rd_kafka_produce(topic, partition, RD_KAFKA_MSG_F_COPY, data_of(message.payload), size_of(message.payload),
                       data_of(message.key), size_of(message.key), opaque) == 0) {
    return {};
  }
  return translate(rd_kafka_last_error(), std::string{"produce to "} + rd_kafka_topic_name(topic));
}

Result<void> RdkafkaProducerClient::send_whole(rd_kafka_topic_t* topic, const engine::OutgoingMessage& message,
                                               void* opaque) {
  engine::OutgoingMessage placed = message;
  placed.partition_wraps = wraps_;
  if (const ErrorPtr error{OutgoingUnits(topic, placed, opaque).produce(rk_.get())}) {
    return translate(*error, std::string{"produce to "} + rd_kafka_topic_name(topic));
  }
  return {};
}

void RdkafkaProducerClient::serve(engine::DeliveryEvents& events, std::chrono::milliseconds timeout) {
  rdkafka_log_->drain();
  events_ = &events;
  rd_kafka_poll(rk_.get(), static_cast<int>(timeout.count()));
  events_ = nullptr;
  if (escaped_) std::rethrow_exception(std::exchange(escaped_, nullptr));
}

std::size_t RdkafkaProducerClient::outstanding() const {
  return static_cast<std::size_t>(rd_kafka_outq_len(rk_.get()));
}

void RdkafkaProducerClient::wake() {
  rd_kafka_queue_yield(main_queue_.get());
}

void RdkafkaProducerClient::purge() {
  rd_kafka_purge(rk_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
}

std::int32_t RdkafkaProducerClient::wrap_cb(const rd_kafka_topic_t*, const void*, std::size_t,
                                            std::int32_t partitions, void*, void* message_opaque) noexcept {
  return static_cast<const Wrapped*>(message_opaque)->partition % partitions;
}

std::uint64_t RdkafkaProducerClient::token_of(const rd_kafka_message_t& message, bool wraps) {
  if (!wraps) return reinterpret_cast<std::uintptr_t>(message._private);
  const std::unique_ptr<Wrapped> wrapped(static_cast<Wrapped*>(message._private));
  return wrapped->token;
}

bool RdkafkaProducerClient::may_send_again(rd_kafka_resp_err_t error) const {
  switch (error) {
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return false;  // these are the record's own
    default:
      return rd_kafka_fatal_error(rk_.get(), nullptr, 0) != RD_KAFKA_RESP_ERR_NO_ERROR;
  }
}

void RdkafkaProducerClient::tell_failure(const rd_kafka_message_t& message, engine::DeliveryReport& report) {
  report.topic = rd_kafka_topic_name(message.rkt);
  report.error = translate(message.err, std::string{"delivery to "} + rd_kafka_topic_name(message.rkt));
  // It is given up: what is retriable() with this kind is still being sent.
  if (report.error->kind() == Error::Kind::timed_out) {
    report.error = Error{Error::Kind::timed_out, report.error->text() + "; the record is given up"};
  }
  if (!may_send_again(message.err)) return;
  headers_ = headers_of(message);
  engine::OutgoingMessage unsent{.topic = report.topic,
                                 .partition = std::nullopt,
                                 .key = view_of(message.key, message.key_len),
                                 .payload = view_of(message.payload, message.len),
                                 .headers = headers_};
  if (message.partition != RD_KAFKA_PARTITION_UA) unsent.partition = PartitionNumber{message.partition};
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const std::int64_t timestamp = rd_kafka_message_timestamp(&message, &type);
  if (type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE && timestamp > 0) unsent.timestamp_ms = timestamp;
  report.unsent = unsent;
}

void RdkafkaProducerClient::delivery_cb(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) noexcept {
  auto& self = *static_cast<RdkafkaProducerClient*>(opaque);
  const std::uint64_t token = token_of(*message, self.wraps_);
  if (self.events_ == nullptr) return;
  // No exception may cross librdkafka's frames, and one report's must not cost the others theirs.
  try {
    engine::DeliveryReport report{.token = token,
                                  .partition = PartitionNumber{message->partition},
                                  .offset = std::nullopt,
                                  .error = std::nullopt};
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      self.tell_failure(*message, report);
    } else if (message->offset >= 0) {
      report.offset = Offset{message->offset};
    }
    self.events_->handle_delivery(report);
  } catch (...) {
    if (!self.escaped_) self.escaped_ = std::current_exception();
  }
}

void RdkafkaProducerClient::error_cb(rd_kafka_t* rk, int raw, const char* reason, void* opaque) noexcept {
  auto& self = *static_cast<RdkafkaProducerClient*>(opaque);
  auto code = static_cast<rd_kafka_resp_err_t>(raw);
  try {
    if (self.events_ == nullptr) self.trouble_.note(code, reason);
  } catch (...) {
    return;  // no memory: nothing can be said
  }
  // One broker's connection: librdkafka tries again, and its log has said so.
  if (self.events_ == nullptr || code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__RESOLVE) return;
  try {
    if (code == RD_KAFKA_RESP_ERR__FATAL) {
      std::array<char, 512> text{};
      code = rd_kafka_fatal_error(rk, text.data(), text.size());
      const Error error = translate(code, "the producer is of no more use", text.data());
      self.events_->handle_error(Error{error.kind(), error.text(), false, true});
      return;
    }
    self.events_->handle_error(translate(code, "Kafka", routing::without_secrets(reason, self.secrets_)));
  } catch (...) {
    if (!self.escaped_) self.escaped_ = std::current_exception();
  }
}

}  // namespace braid::adapters
