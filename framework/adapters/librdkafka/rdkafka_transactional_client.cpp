#include "adapters/librdkafka/rdkafka_transactional_client.hpp"

#include "adapters/librdkafka/outgoing_units.hpp"
#include "adapters/librdkafka/rdkafka_errors.hpp"
#include "adapters/librdkafka/rdkafka_settings.hpp"
#include "adapters/librdkafka/rdkafka_version.hpp"
#include "adapters/librdkafka/transactional_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace braid::adapters {

namespace {

using namespace std::chrono_literals;

constexpr auto kPause = 50ms;
// What librdkafka is given for one call; then it is asked again.
constexpr auto kOneCall = 10s;
constexpr int kRoomPoll = 10;  // ms
constexpr int kReason = 1000;  // ms: an answer from within the library

// Those of the client library, which go by these names in settings.
struct Partitioner {
  using Choose = std::int32_t (*)(const rd_kafka_topic_t*, const void* key, std::size_t key_size,
                                  std::int32_t partitions, void*, void*);
  std::string_view name;
  Choose choose;
};
constexpr std::array<Partitioner, 7> kPartitioners{
    {{"murmur2_random", rd_kafka_msg_partitioner_murmur2_random},
     {"murmur2", rd_kafka_msg_partitioner_murmur2},
     {"consistent_random", rd_kafka_msg_partitioner_consistent_random},
     {"consistent", rd_kafka_msg_partitioner_consistent},
     {"fnv1a_random", rd_kafka_msg_partitioner_fnv1a_random},
     {"fnv1a", rd_kafka_msg_partitioner_fnv1a},
     {"random", rd_kafka_msg_partitioner_random}}};

// Null: another librdkafka's, of which we know nothing.
const Partitioner* partitioner_of(const rd_kafka_conf_t& conf) {
  const auto* const found = std::ranges::find(kPartitioners, setting(conf, "partitioner"), &Partitioner::name);
  return found == kPartitioners.end() ? nullptr : found;
}

int milliseconds_until(std::chrono::steady_clock::time_point until) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::chrono::milliseconds>(left, 1ms, kOneCall).count());
}

}  // namespace

Result<std::unique_ptr<engine::TransactionalClient>> make_transactional_client(
    const TransactionalClientOptions& options) {
  if (const auto servers = check_servers(options.settings); !servers) return servers.error();
  auto client = std::make_unique<RdkafkaTransactionalClient>(options);
  if (const auto made = client->rebuild(); !made) return made.error();
  return std::unique_ptr<engine::TransactionalClient>{std::move(client)};
}

RdkafkaTransactionalClient::~RdkafkaTransactionalClient() {
  drop_handle();
}

void RdkafkaTransactionalClient::drop_handle() {
  if (!rk_) return;
  // Otherwise the destruction waits for what is under way.
  rd_kafka_purge(rk_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
  if (rdkafka_log_) rdkafka_log_->drain();
  rdkafka_log_.reset();
  rk_.reset();
}

Result<void> RdkafkaTransactionalClient::rebuild() {
  using enum SettingRule;
  drop_handle();
  const auto& users = options_.settings;
  const std::vector<FrameworkSetting> ours{{"client.id", options_.client_id, fallback},
                                           {"partitioner", "murmur2_random", fallback},
                                           {"socket.nagle.disable", "true", fallback},
                                           {"enable.metrics.push", "false", if_known},
                                           {"transactional.id", options_.transactional_id, fixed},
                                           {"enable.idempotence", "true", fixed},
                                           // How long a topic is looked for that may have been created just now: a
                                           // commit must not give up before.
                                           {"topic.metadata.propagation.max.ms", "10000", fallback},
                                           // Only what fails is looked at.
                                           {"delivery.report.only.error", "true", fixed},
                                           // Or messages without a key would not ask where they go.
                                           {"sticky.partitioning.linger.ms", "0", fixed}};
  auto made = make_conf(ours, {users.begin(), users.end()});
  if (!made) return made.error();
  ConfPtr conf = std::move(made).value();
  log_rdkafka_version(options_.log);
  rd_kafka_conf_t* const raw = conf.get();
  rd_kafka_topic_conf_t* topic_conf = rd_kafka_conf_get_default_topic_conf(raw);
  if (topic_conf == nullptr) {
    topic_conf = rd_kafka_topic_conf_new();
    rd_kafka_conf_set_default_topic_conf(raw, topic_conf);
  }
  // The callback takes the place of what the setting names, which it asks in its turn.
  const Partitioner* const partitioner = partitioner_of(*raw);
  if (partitioner == nullptr) {
    return Error{Error::Kind::invalid_setting,
                 "Kafka settings: a transaction takes no partitioner " + setting(*raw, "partitioner")};
  }
  rd_kafka_topic_conf_set_opaque(topic_conf, const_cast<Partitioner*>(partitioner));
  rd_kafka_topic_conf_set_partitioner_cb(topic_conf, &RdkafkaTransactionalClient::partition_cb);
  rd_kafka_conf_set_opaque(raw, this);
  rd_kafka_conf_set_dr_msg_cb(raw, &RdkafkaTransactionalClient::delivery_cb);
  RdkafkaLog::prepare(*raw);
  refused_.install(*raw);
  std::array<char, 512> reason{};
  rd_kafka_t* const rk = rd_kafka_new(RD_KAFKA_PRODUCER, raw, reason.data(), reason.size());
  if (rk == nullptr) {
    leave_behind(std::move(conf));
    return Error{Error::Kind::invalid_setting,
                 routing::without_secrets(std::string{"Kafka settings: "} + reason.data(), users)};
  }
  conf.release();  // NOLINT: librdkafka has taken it over
  rk_.reset(rk);
  rdkafka_log_.emplace(options_.log).attach(rk, users);
  use_ = Use::fresh;
  return {};
}

template <class Call>
ErrorPtr RdkafkaTransactionalClient::insist(Clock::time_point until, Call&& call) {
  for (;;) {
    ErrorPtr error{call(milliseconds_until(until))};
    rdkafka_log_->drain();
    if (!error || !rd_kafka_error_is_retriable(error.get()) || Clock::now() >= until) return error;
    std::this_thread::sleep_for(kPause);
  }
}

// What has broken a handle for good is the reason of all that it refuses behind that.
Error RdkafkaTransactionalClient::describe(const rd_kafka_error_t& error, std::string_view what) const {
  const std::string context = fmt::format("{} ({})", what, options_.transactional_id);
  std::array<char, 512> text{};
  const rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(rk_.get(), text.data(), text.size());
  if (fatal != RD_KAFKA_RESP_ERR_NO_ERROR) {
    const Error found = translate(fatal, context, text.data());
    return {found.kind(), found.text(), false, true};
  }
  if (rd_kafka_error_txn_requires_abort(&error) != 0 && first_undelivered_) {
    return {first_undelivered_->kind(),
            fmt::format("{}: {} {} not delivered; {}", context, undelivered_,
                        undelivered_ == 1 ? "record was" : "records were", first_undelivered_->text()),
            first_undelivered_->retriable()};
  }
  const Error found = translate(error, context);
  // Unless it is of what was sent, the same may go well in another transaction.
  const bool again = rd_kafka_error_txn_requires_abort(&error) != 0 && found.kind() == Error::Kind::other;
  return {found.kind(), found.text(), found.retriable() || again};
}

// Every error but those that ask for an abort leaves a handle of which nobody knows what it is good for.
Result<void> RdkafkaTransactionalClient::fail(const rd_kafka_error_t& error, std::string_view what) {
  Error failure = describe(error, what);
  // As the transaction was told of the partitions that it sends to: no record of it is refused itself.
  const bool some_topic = rd_kafka_error_code(&error) == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
  if (!rd_kafka_error_txn_requires_abort(&error)) {
    use_ = Use::broken;
  } else if (const auto aborted = abort(); !aborted && aborted.error().kind() == Error::Kind::fenced) {
    return aborted;
  }
  if (some_topic) refused_.note_some(failure);
  return failure;
}

Result<void> RdkafkaTransactionalClient::fail_commit(const rd_kafka_error_t& error) {
  const Error failure = describe(error, "commit_transaction");
  // Where records are missing the library does not ask for it.
  bool known = first_undelivered_ || failure.kind() == Error::Kind::fenced;
  if (!rd_kafka_error_txn_requires_abort(&error)) {
    use_ = Use::broken;
  } else {
    // Brokers abort nothing that they have committed.
    const auto aborted = abort();
    if (!aborted && aborted.error().kind() == Error::Kind::fenced) return aborted;
    known = known || aborted.ok();
  }
  if (known) return failure;
  return Error{Error::Kind::in_doubt,
               failure.text() + "; whether it was committed, nobody knows: look before it is produced again", false,
               failure.fatal()};
}

// Before the commit, so that one which is in vain is known not to have been asked for.
Result<void> RdkafkaTransactionalClient::deliver_all(Clock::time_point until) {
  while (rd_kafka_flush(rk_.get(), milliseconds_until(until)) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    rdkafka_log_->drain();
    if (Clock::now() < until) continue;
    Error failure{
        Error::Kind::timed_out,
        fmt::format("commit_transaction ({}): {} records were not acknowledged in the time of a transaction",
                    options_.transactional_id, rd_kafka_outq_len(rk_.get())),
        true};
    const auto aborted = abort();
    if (!aborted && aborted.error().kind() == Error::Kind::fenced) return aborted;
    return failure;
  }
  return {};
}

Result<void> RdkafkaTransactionalClient::init() {
  if (use_ == Use::open) static_cast<void>(abort());
  if (use_ == Use::idle) return {};
  if (use_ == Use::broken || !rk_) {
    options_.log.write(
        engine::LogLevel::debug, "transactions",
        fmt::format("{}: a new client takes the place of one that failed", options_.transactional_id));
    if (const auto made = rebuild(); !made) {
      use_ = Use::broken;
      return made.error();
    }
  }
  const auto until = Clock::now() + options_.patience;
  const ErrorPtr error = insist(until, [&](int ms) { return rd_kafka_init_transactions(rk_.get(), ms); });
  if (error) {
    use_ = Use::broken;
    return describe(*error, "init_transactions");
  }
  use_ = Use::idle;
  return {};
}

Result<void> RdkafkaTransactionalClient::begin() {
  rd_kafka_poll(rk_.get(), 0);  // reports of what was aborted
  undelivered_ = 0;
  first_undelivered_.reset();
  refused_.clear();
  if (const ErrorPtr error{rd_kafka_begin_transaction(rk_.get())}) {
    return fail(*error, "begin_transaction");
  }
  use_ = Use::open;
  return {};
}

Result<void> RdkafkaTransactionalClient::send(const engine::OutgoingMessage& message, std::uint32_t token) {
  const bool wraps = message.partition && message.partition_wraps;
  // An address that is none; the callbacks read it.
  void* const mark =
      SendMark{token, wraps ? static_cast<std::uint32_t>(message.partition->value) + 1 : 0}.as_opaque();
  const auto until = Clock::now() + options_.patience_for_room.value_or(options_.patience);
  for (;;) {
    OutgoingUnits units(message, mark);
    const ErrorPtr error{units.produce(rk_.get())};
    if (!error) return {};
    if (rd_kafka_error_code(error.get()) != RD_KAFKA_RESP_ERR__QUEUE_FULL || Clock::now() >= until) {
      refused_.note(token, rd_kafka_error_code(error.get()), std::string(message.topic).c_str(), false);
      return why_not(*error, message.topic);
    }
    rd_kafka_poll(rk_.get(), kRoomPoll);
  }
}

// The transaction has failed before this, and only a commit says by what. It can commit nothing any more.
ErrorPtr RdkafkaTransactionalClient::reason_behind(const rd_kafka_error_t& error) const {
  if (rd_kafka_error_code(&error) != RD_KAFKA_RESP_ERR__STATE) return nullptr;
  return ErrorPtr{rd_kafka_commit_transaction(rk_.get(), kReason)};
}

Error RdkafkaTransactionalClient::why_not(const rd_kafka_error_t& error, std::string_view topic) {
  const std::string what = fmt::format("produce to {}", topic);
  if (rd_kafka_error_code(&error) != RD_KAFKA_RESP_ERR__STATE || use_ != Use::open) {
    return rd_kafka_fatal_error(rk_.get(), nullptr, 0) != RD_KAFKA_RESP_ERR_NO_ERROR ? describe(error, what)
                                                                                     : translate(error, what);
  }
  const ErrorPtr reason = reason_behind(error);
  Error failure = reason ? describe(*reason, what) : describe(error, what);
  if (reason && rd_kafka_error_code(reason.get()) == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
    refused_.note_some(failure);
  }
  return failure;
}

Result<void> RdkafkaTransactionalClient::commit(const engine::StoredPosition& position,
                                                const engine::GroupMembership* member) {
  const auto until = Clock::now() + options_.patience;
  const PartitionListPtr list = make_partition_list({&position.partition, 1});
  list->elems[0].offset = position.position->value;
  // librdkafka frees it with the list.
  list->elems[0].metadata_size = position.metadata.size();
  if (!position.metadata.empty()) list->elems[0].metadata = ::strdup(position.metadata.c_str());
  if (member == nullptr) {
    static_cast<void>(abort());
    return Error{Error::Kind::stale_member, "the consumer is no member of its group, or not any more", true};
  }
  const auto* const group = static_cast<const RdkafkaMembership*>(member)->get();
  ErrorPtr error =
      insist(until, [&](int ms) { return rd_kafka_send_offsets_to_transaction(rk_.get(), list.get(), group, ms); });
  if (error) {
    const ErrorPtr reason = reason_behind(*error);
    return fail(reason ? *reason : *error, "send_offsets_to_transaction");
  }
  error = insist(until, [&](int ms) { return rd_kafka_commit_transaction(rk_.get(), ms); });
  if (error) return fail(*error, "commit_transaction");
  use_ = Use::idle;
  return {};
}

Result<void> RdkafkaTransactionalClient::commit_sent(engine::Time until) {
  if (auto delivered = deliver_all(until); !delivered) return delivered;
  // Whatever is left of its time: without an answer it would be in doubt.
  const auto answered = std::max(until, Clock::now() + options_.patience);
  const ErrorPtr error = insist(answered, [&](int ms) { return rd_kafka_commit_transaction(rk_.get(), ms); });
  if (error) return fail_commit(*error);
  use_ = Use::idle;
  return {};
}

Result<void> RdkafkaTransactionalClient::abort() {
  if (use_ != Use::open) return {};
  const auto until = Clock::now() + options_.patience;
  const ErrorPtr error = insist(until, [&](int ms) { return rd_kafka_abort_transaction(rk_.get(), ms); });
  // The sequence number of a record that was not delivered is missed by the next ones: another handle begins anew.
  use_ = error || undelivered_ > 0 ? Use::broken : Use::idle;
  if (error) return describe(*error, "abort_transaction");
  return {};
}

void RdkafkaTransactionalClient::delivery_cb(rd_kafka_t*, const rd_kafka_message_t* message,
                                             void* opaque) noexcept {
  auto& self = *static_cast<RdkafkaTransactionalClient*>(opaque);
  switch (message->err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
    case RD_KAFKA_RESP_ERR__PURGE_QUEUE:  // it was aborted
    case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
      return;
    default:
      break;
  }
  ++self.undelivered_;
  if (self.first_undelivered_) return;
  try {
    self.first_undelivered_ =
        translate(message->err, fmt::format("a record for {}", rd_kafka_topic_name(message->rkt)));
  } catch (...) {
    return;  // no memory: their number says enough
  }
}

std::int32_t RdkafkaTransactionalClient::partition_cb(const rd_kafka_topic_t* topic, const void* key,
                                                      std::size_t key_size, std::int32_t partitions,
                                                      void* topic_opaque, void* message_opaque) noexcept {
  const std::uint32_t wraps_to = SendMark::of(message_opaque).wraps_to;
  if (wraps_to == 0) {
    const auto& partitioner = *static_cast<const Partitioner*>(topic_opaque);
    return partitioner.choose(topic, key, key_size, partitions, nullptr, nullptr);
  }
  return static_cast<std::int32_t>((wraps_to - 1) % static_cast<std::uint32_t>(partitions));
}

}  // namespace braid::adapters
