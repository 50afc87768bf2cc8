#include "adapters/librdkafka/statistics.hpp"

#include <braid/events.hpp>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>

namespace braid::adapters {

namespace {

namespace json = boost::json;

const json::object kNothing;

const json::object& object_of(const json::object& in, std::string_view name) {
  const json::value* const found = in.if_contains(name);
  const json::object* const object = found == nullptr ? nullptr : found->if_object();
  return object == nullptr ? kNothing : *object;
}

std::int64_t signed_of(const json::object& in, std::string_view name) {
  const json::value* const found = in.if_contains(name);
  if (found == nullptr) return 0;
  if (const std::int64_t* const number = found->if_int64()) return *number;
  if (found->is_uint64()) return std::numeric_limits<std::int64_t>::max();
  if (const double* const number = found->if_double()) return static_cast<std::int64_t>(*number);
  return 0;
}

// Of counts; what is below 0 is none.
std::uint64_t number_of(const json::object& in, std::string_view name) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(signed_of(in, name), 0));
}

std::string text_of(const json::object& in, std::string_view name) {
  const json::value* const found = in.if_contains(name);
  const json::string* const text = found == nullptr ? nullptr : found->if_string();
  return text == nullptr ? std::string() : std::string(text->data(), text->size());
}

// Others are bootstrap servers that it has not asked for their number, and the group's coordinator, once more.
bool is_real(const json::object& broker) {
  const std::string source = text_of(broker, "source");
  return signed_of(broker, "nodeid") >= 0 && source != "logical" && source != "internal";
}

events::Broker broker_of(const json::object& broker) {
  const json::object& rtt = object_of(broker, "rtt");
  return {.broker = static_cast<std::int32_t>(signed_of(broker, "nodeid")),
          .address = text_of(broker, "nodename"),
          .up = text_of(broker, "state") == "UP",
          .round_trip = events::Microseconds(number_of(rtt, "avg")),
          .round_trip_p99 = events::Microseconds(number_of(rtt, "p99")),
          .throttle = events::Milliseconds(number_of(object_of(broker, "throttle"), "avg")),
          .waiting = number_of(broker, "outbuf_cnt") + number_of(broker, "waitresp_cnt"),
          .timeouts = number_of(broker, "req_timeouts"),
          .disconnects = number_of(broker, "disconnects")};
}

void add_fetch_queues(const json::object& topics, events::ClientMeasured& measured) {
  for (const auto& [topic, value] : topics) {
    const json::object* const object = value.if_object();
    if (object == nullptr) continue;
    for (const auto& [number, partition] : object_of(*object, "partitions")) {
      if (!partition.is_object()) continue;
      measured.fetch_queue_messages += number_of(partition.get_object(), "fetchq_cnt");
      measured.fetch_queue_bytes += number_of(partition.get_object(), "fetchq_size");
    }
  }
}

}  // namespace

int pass_on(const std::function<void(std::string)>& hear, std::string_view json) noexcept {
  try {
    hear(std::string(json));
  } catch (...) {
    // Short of memory: no statistics are worth more.
  }
  return 0;
}

Result<events::ClientMeasured> read_statistics(std::string_view text) {
  boost::system::error_code failure;
  const json::value all = json::parse({text.data(), text.size()}, failure);
  if (failure) return Error(Error::Kind::other, "a client's statistics are no JSON: " + failure.message());
  if (!all.is_object()) return Error(Error::Kind::other, "a client's statistics are no JSON object");
  const json::object& client = all.get_object();
  const json::object& group = object_of(client, "cgrp");
  events::ClientMeasured measured{
      .client = text_of(client, "client_id"),
      .is_producer = text_of(client, "type") == "producer",
      .age = std::chrono::duration_cast<events::Milliseconds>(events::Microseconds(number_of(client, "age"))),
      .group_state = text_of(group, "state"),
      .rebalances = number_of(group, "rebalance_cnt"),
      .rebalance_reason = text_of(group, "rebalance_reason"),
      .received_bytes = number_of(client, "rx_bytes"),
      .sent_bytes = number_of(client, "tx_bytes")};
  if (measured.is_producer) {
    measured.send_queue_messages = number_of(client, "msg_cnt");
    measured.send_queue_bytes = number_of(client, "msg_size");
  }
  add_fetch_queues(object_of(client, "topics"), measured);
  for (const auto& [name, broker] : object_of(client, "brokers")) {
    if (broker.is_object() && is_real(broker.get_object()))
      measured.brokers.push_back(broker_of(broker.get_object()));
  }
  std::ranges::sort(measured.brokers, {}, &events::Broker::broker);
  return measured;
}

}  // namespace braid::adapters
