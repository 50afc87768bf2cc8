#include "adapters/librdkafka/consumer_client.hpp"

#include "adapters/librdkafka/rdkafka_errors.hpp"
#include "adapters/librdkafka/rdkafka_settings.hpp"
#include "adapters/librdkafka/rdkafka_version.hpp"
#include "adapters/librdkafka/transactional_client.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace braid::adapters {
namespace {

// Bounds one serve_group(): a topic's error each, so more means something else is wrong.
constexpr int kStraysMax = 100;
// What one may not do is said again while it lasts.
constexpr auto kSayAgain = std::chrono::minutes{10};
// Before a partition that librdkafka has given up is assigned anew.
constexpr auto kStrandedBackoff = std::chrono::seconds{1};
// The listener waits for it, and has nothing else to do if it is in vain.
constexpr std::chrono::milliseconds kAskTransport = std::chrono::milliseconds{1000};

// On librdkafka's thread and under its queue lock: no call of librdkafka in here.
void signal_ready(rd_kafka_t*, void* opaque) {
  static_cast<engine::ReadySignal*>(opaque)->on_ready();
}

}  // namespace

RdkafkaConsumerClient::RdkafkaConsumerClient(const ConsumerClientOptions& options, ConnectTrouble::Context context)
    : log_(options.log),
      hear_statistics_(options.statistics.hear),
      secrets_(context.secrets),
      trouble_(std::move(context)),
      group_id_(options.group_id),
      transport_timeout_(options.transport_timeout),
      handles_left_most_(options.handles_left_most) {}

Result<std::unique_ptr<engine::ConsumerClient>> RdkafkaConsumerClient::make(ConfPtr conf,
                                                                            const ConsumerClientOptions& options) {
  // Each has threads, sockets and memory of its own, and a connection that fails before it is given anything leaves
  // one with each restart.
  if (const std::size_t left = handles_left_behind(); left >= options.handles_left_most) {
    return Error{Error::Kind::other, "no more clients are made: this librdkafka could not destroy " +
                                         std::to_string(left) +
                                         " of this process; restart the process, or use librdkafka 2.3 or later"};
  }
  std::unique_ptr<RdkafkaConsumerClient> client{
      new RdkafkaConsumerClient{options, ConnectTrouble::context_of(*conf, options.settings)}};
  rd_kafka_conf_set_opaque(conf.get(), client.get());
  rd_kafka_conf_set_rebalance_cb(conf.get(), &RdkafkaConsumerClient::rebalance_cb);
  rd_kafka_conf_set_error_cb(conf.get(), &RdkafkaConsumerClient::error_cb);
  if (options.statistics.hear) rd_kafka_conf_set_stats_cb(conf.get(), &RdkafkaConsumerClient::stats_cb);
  ConnectTrouble::explain_certificates(*conf);
  RdkafkaLog::prepare(*conf);
  client->handle_->gate().install(*conf);

  std::array<char, 512> reason{};
  rd_kafka_t* rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf.get(), reason.data(), reason.size());
  if (rk == nullptr) {
    // Settings that contradict each other, or name files that can't be used, are only found here.
    leave_behind(std::move(conf));
    return Error{Error::Kind::invalid_setting,
                 routing::without_secrets(std::string{"Kafka settings: "} + reason.data(), client->secrets_)};
  }
  conf.release();  // NOLINT: librdkafka has taken it over
  client->handle_->adopt(rk);
  client->rdkafka_log_.emplace(options.log).attach(rk, client->secrets_);
  rd_kafka_poll_set_consumer(rk);

  const rd_kafka_conf_t& live = *rd_kafka_conf(rk);
  const std::string kbytes = setting(live, "queued.max.messages.kbytes");
  client->queues_.emplace(QueueContext{.handle = client->handle_,
                                       .waker = FetchWaker{rk, live},
                                       .prefetch_bytes_max = std::stoull(kbytes) * 1024,
                                       .batch = {},
                                       .progress = {},
                                       .given_back = {}});
  client->replies_.emplace(rk, options.group_id, options.positions_timeout, options.metadata_bytes, options.log);
  return std::unique_ptr<engine::ConsumerClient>{std::move(client)};
}

RdkafkaConsumerClient::~RdkafkaConsumerClient() {
  unsignal();
  if (queues_) queues_->empty_given_back();
  if (rdkafka_log_) rdkafka_log_->drain();
  if (handle_->rk() != nullptr && handle_->must_be_left_behind()) {
    log_.write(engine::LogLevel::info, "kafka",
               "the client is left behind, closed, with its threads: this librdkafka can't destroy one that was "
               "never assigned anything (2.3 can); " +
                   std::to_string(handles_left_behind() + 1) + " of this process so far, and at most " +
                   std::to_string(handles_left_most_));
  }
}

int RdkafkaConsumerClient::stats_cb(rd_kafka_t*, char* json, std::size_t size, void* opaque) noexcept {
  return pass_on(static_cast<RdkafkaConsumerClient*>(opaque)->hear_statistics_, {json, size});
}

void RdkafkaConsumerClient::unsignal() {
  if (group_queue_) rd_kafka_queue_cb_event_enable(group_queue_.get(), nullptr, nullptr);
  if (close_queue_) rd_kafka_queue_cb_event_enable(close_queue_.get(), nullptr, nullptr);
  if (replies_) replies_->signal(nullptr);
}

// One that is reached and slow counts: a new client would find it no faster. (Without any the library says so by
// this code, having waited for one.)
bool RdkafkaConsumerClient::any_broker_is_reached(std::chrono::milliseconds timeout) {
  const struct rd_kafka_metadata* metadata = nullptr;
  const auto code = rd_kafka_metadata(handle_->rk(), 0, nullptr, &metadata, static_cast<int>(timeout.count()));
  if (metadata != nullptr) rd_kafka_metadata_destroy(metadata);
  return code != RD_KAFKA_RESP_ERR__TRANSPORT;
}

Result<void> RdkafkaConsumerClient::reach_broker(std::chrono::milliseconds timeout,
                                                 const std::atomic<bool>& given_up) {
  rdkafka_log_->tell(&trouble_);
  auto reached = adapters::reach_broker(
      handle_->rk(), timeout, trouble_,
      [](void* self) { static_cast<RdkafkaConsumerClient*>(self)->look_around(); }, this, &given_up);
  // In vain, the attempts go on until the client is given up, and have nothing new to say.
  if (!reached) return reached;
  rdkafka_log_->tell(nullptr);
  all_down_since_.reset();
  return reached;
}

void RdkafkaConsumerClient::look_around() {
  rdkafka_log_->drain();
  // Serves error_cb, which knows why; nothing else can come before subscribe().
  if (ready_ == nullptr) {
    if (rd_kafka_message_t* element = rd_kafka_consumer_poll(handle_->rk(), 0)) {
      handle_stray(*element);
      rd_kafka_message_destroy(element);
    }
  }
}

Result<void> RdkafkaConsumerClient::subscribe(const std::vector<std::string>& topics, engine::ReadySignal& ready) {
  const PartitionListPtr list{rd_kafka_topic_partition_list_new(static_cast<int>(topics.size()))};
  for (const std::string& topic : topics) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  }
  ready_ = &ready;
  if (!group_queue_) group_queue_.reset(rd_kafka_queue_get_consumer(handle_->rk()));
  rd_kafka_queue_cb_event_enable(group_queue_.get(), &signal_ready, &ready);
  replies_->signal(&ready);
  const auto code = rd_kafka_subscribe(handle_->rk(), list.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return translate(code, "subscribe");
  handle_->set_subscribed();
  // Errors of the time before had nobody to signal.
  ready.on_ready();
  return {};
}

Result<void> RdkafkaConsumerClient::unsubscribe() {
  const auto code = rd_kafka_unsubscribe(handle_->rk());
  if (ready_ != nullptr) ready_->on_ready();
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return translate(code, "unsubscribe");
  return {};
}

void RdkafkaConsumerClient::serve_group(engine::ConsumerEvents& events) {
  rdkafka_log_->drain();
  events_ = &events;
  rd_kafka_t* rk = handle_->rk();
  for (int i = 0; i < kStraysMax; ++i) {
    rd_kafka_message_t* element = nullptr;
    if (close_queue_) {
      // A batch call, because polling a queue for events would return the rebalance instead of calling back.
      if (closed() || rd_kafka_consume_batch_queue(close_queue_.get(), 0, &element, 1) != 1) break;
    } else {
      element = rd_kafka_consumer_poll(rk, 0);
    }
    if (element == nullptr) break;
    handle_stray(*element);
    rd_kafka_message_destroy(element);
  }
  const auto now = std::chrono::steady_clock::now();
  if (phase_ == Phase::open) {
    look_for_brokers(now);
    say_refused_group(now);
  }
  events_ = nullptr;
  replies_->serve(events);
  queues_->waker.serve(now);
  if (phase_ == Phase::open) {
    look_for_quiet(now);
    if (!stranded_.empty()) restart_stranded(now);
  }
  if (phase_ == Phase::unsubscribing && assigned_.empty()) start_closing();
  if (escaped_) std::rethrow_exception(std::exchange(escaped_, nullptr));
}

// librdkafka goes on asking the addresses that it knows, for ever; before 2.10 it never looks its first ones up
// again. It says when the last broker is gone and not when one is back, so they are asked now and then from there
// on.
void RdkafkaConsumerClient::look_for_brokers(std::chrono::steady_clock::time_point now) {
  if (transport_gone_ || !all_down_since_ || now < ask_brokers_at_) return;
  if (any_broker_is_reached(kAskTransport)) {
    all_down_since_.reset();
    return;
  }
  ask_brokers_at_ = now + transport_timeout_ / 10;
  if (now - *all_down_since_ < transport_timeout_) return;
  transport_gone_ = true;
  const std::string waited = std::to_string(transport_timeout_.count() / 1000) + " s";
  Error error = translate(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "no broker has answered for " + waited, last_error_);
  events_->handle_error(Error{error.kind(), error.text(), false, true});
}

void RdkafkaConsumerClient::serve_replies(engine::ConsumerEvents& events) {
  replies_->serve(events);
}

std::unique_ptr<engine::PartitionQueue> RdkafkaConsumerClient::open(const engine::TopicPartition& partition,
                                                                    engine::ReadySignal& ready) {
  return std::make_unique<RdkafkaPartitionQueue>(*queues_, partition, ready);
}

void RdkafkaConsumerClient::handle_stray(rd_kafka_message_t& element) {
  const char* topic = element.rkt == nullptr ? "" : rd_kafka_topic_name(element.rkt);
  if (element.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    log_.write(engine::LogLevel::error, "kafka",
               "a message of " + std::string{topic} + "/" + std::to_string(element.partition) + " at offset " +
                   std::to_string(element.offset) + " came outside its partition's queue and was dropped");
    return;
  }
  // It looks for the group's coordinator from its making on, and does not say the same again.
  if (element.err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED) {
    const char* detail = rd_kafka_message_errstr(&element);
    group_refused_ = translate(element.err, "group " + group_id_ + " may not be used",
                               detail == nullptr ? rd_kafka_err2str(element.err) : detail);
    return;
  }
  if (events_ == nullptr) return;
  if (element.err == RD_KAFKA_RESP_ERR__FATAL) {
    handle_error(element.err, "");
    return;
  }
  const bool unknown =
      element.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || element.err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
  const engine::TopicPartition partition{topic, PartitionNumber{element.partition}};
  if (!unknown && assigned_.contains(partition)) {
    stranded_.emplace(partition, std::chrono::steady_clock::now() + kStrandedBackoff);
  }
  // librdkafka says it once a topic, and again only after the topic has been there.
  const char* detail = rd_kafka_message_errstr(&element);
  events_->handle_error(translate(element.err,
                                  unknown ? "topic " + std::string{topic} + " does not exist" : std::string{topic},
                                  detail == nullptr ? rd_kafka_err2str(element.err) : detail));
}

void RdkafkaConsumerClient::say_refused_group(std::chrono::steady_clock::time_point now) {
  if (!group_refused_ || now < say_group_at_) return;
  say_group_at_ = now + kSayAgain;
  events_->handle_error(Error{group_refused_->kind(), group_refused_->text() + "; tried again and again"});
}

void RdkafkaConsumerClient::note_group_joined() {
  if (!std::exchange(group_refused_, std::nullopt)) return;
  say_group_at_ = {};
  log_.write(engine::LogLevel::info, "kafka", "group " + group_id_ + " may be used again");
}

void RdkafkaConsumerClient::error_cb(rd_kafka_t*, int code, const char* reason, void* opaque) noexcept {
  static_cast<RdkafkaConsumerClient*>(opaque)->handle_error(static_cast<rd_kafka_resp_err_t>(code), reason);
}

void RdkafkaConsumerClient::handle_error(rd_kafka_resp_err_t code, const char* reason) noexcept {
  try {
    trouble_.note(code, reason);
    if (*reason != '\0') last_error_ = routing::without_secrets(reason, secrets_);
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && !all_down_since_) {
      all_down_since_ = std::chrono::steady_clock::now();
      ask_brokers_at_ = *all_down_since_ + transport_timeout_ / 10;
    }
    // One broker's connection: librdkafka tries again, and its log has said so. All of them together matter.
    if (code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__RESOLVE || events_ == nullptr) return;
    if (code == RD_KAFKA_RESP_ERR__FATAL) {
      std::array<char, 512> text{};
      const auto cause = rd_kafka_fatal_error(handle_->rk(), text.data(), text.size());
      const Error error = translate(cause, "the client is of no more use", text.data());
      events_->handle_error(Error{error.kind(), error.text(), false, true});
      return;
    }
    // A partition whose topic has been deleted. That is said of the topic, and the group takes it away.
    const bool gone = code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION || code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
                      code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    if (gone) {
      log_.write(engine::LogLevel::debug, "kafka", routing::without_secrets(reason, secrets_));
      return;
    }
    events_->handle_error(translate(code, "Kafka", routing::without_secrets(reason, secrets_)));
  } catch (...) {
    if (!escaped_) escaped_ = std::current_exception();
  }
}

bool RdkafkaConsumerClient::failed_for_good() const {
  return rd_kafka_fatal_error(handle_->rk(), nullptr, 0) != RD_KAFKA_RESP_ERR_NO_ERROR;
}

namespace {

// Empty where the group does not know us, or not any more.
std::string member_id(rd_kafka_t* rk) {
  char* const id = rd_kafka_memberid(rk);
  const std::string text = id == nullptr ? "" : id;
  if (id != nullptr) rd_kafka_mem_free(rk, id);
  return text;
}

}  // namespace

// Where the group has given us up, and we have not been told yet, the metadata may be without a member's name or a
// generation, which brokers take for a producer that knows of neither, and let its positions pass. It doesn't say
// so itself, and may change meanwhile: so the name is asked for before and behind.
std::shared_ptr<const engine::GroupMembership> RdkafkaConsumerClient::membership() const {
  rd_kafka_t* const rk = handle_->rk();
  const std::string id = member_id(rk);
  rd_kafka_consumer_group_metadata_t* const metadata = rd_kafka_consumer_group_metadata(rk);
  if (metadata == nullptr) return nullptr;
  auto membership = std::make_shared<const RdkafkaMembership>(metadata);
  const bool given_up = rd_kafka_assignment_lost(rk) != 0 || id.empty() || member_id(rk) != id;
  return given_up ? nullptr : membership;
}

bool RdkafkaConsumerClient::may_commit() const {
  return handle_->gate().open(std::chrono::steady_clock::now());
}

void RdkafkaConsumerClient::read_positions(std::span<const engine::TopicPartition> partitions,
                                           std::uint64_t token) {
  replies_->read_positions(partitions, token);
}

void RdkafkaConsumerClient::commit(std::span<const engine::StoredPosition> positions, std::uint64_t token) {
  replies_->commit(positions, token);
}

void RdkafkaConsumerClient::begin_close() {
  if (phase_ != Phase::open) return;
  // Before 2.4 closing can hang in an incremental assign (#4527). Leaving the subscription first, and waiting for
  // the revocations, avoids it.
  // (A client that has failed for good revokes nothing any more.)
  if (!rdkafka_at_least(2, 4) && !assigned_.empty() && cooperative() && !failed_for_good()) {
    phase_ = Phase::unsubscribing;
    rd_kafka_unsubscribe(handle_->rk());
    if (ready_ != nullptr) ready_->on_ready();
    return;
  }
  start_closing();
}

void RdkafkaConsumerClient::start_closing() {
  phase_ = Phase::closing;
  if (group_queue_) rd_kafka_queue_cb_event_enable(group_queue_.get(), nullptr, nullptr);
  group_queue_.reset();
  close_queue_.reset(rd_kafka_queue_new(handle_->rk()));
  if (ready_ != nullptr) rd_kafka_queue_cb_event_enable(close_queue_.get(), &signal_ready, ready_);
  if (const ErrorPtr error{rd_kafka_consumer_close_queue(handle_->rk(), close_queue_.get())}) {
    // After a fatal error there is no group to leave.
    log_.write(engine::LogLevel::debug, "kafka", std::string{"close: "} + rd_kafka_error_string(error.get()));
    phase_ = Phase::refused;
  }
  if (ready_ != nullptr) ready_->on_ready();
}

bool RdkafkaConsumerClient::closed() const {
  if (phase_ == Phase::refused) return true;
  return phase_ == Phase::closing && rd_kafka_consumer_closed(handle_->rk()) == 1;
}

}  // namespace braid::adapters
