#include "adapters/librdkafka/outgoing_units.hpp"

namespace braid::adapters {

OutgoingUnits::OutgoingUnits(const engine::OutgoingMessage& message, void* opaque) : topic_(message.topic) {
  add(RD_KAFKA_VTYPE_TOPIC).u.cstr = topic_.c_str();
  add_all_but_the_topic(message, opaque);
}

OutgoingUnits::OutgoingUnits(rd_kafka_topic_t* topic, const engine::OutgoingMessage& message, void* opaque) {
  add(RD_KAFKA_VTYPE_RKT).u.rkt = topic;
  add_all_but_the_topic(message, opaque);
}

void OutgoingUnits::add_all_but_the_topic(const engine::OutgoingMessage& message, void* opaque) {
  add(RD_KAFKA_VTYPE_PARTITION).u.i32 =
      message.partition && !message.partition_wraps ? message.partition->value : RD_KAFKA_PARTITION_UA;
  add_bytes(RD_KAFKA_VTYPE_KEY, message.key);
  add_bytes(RD_KAFKA_VTYPE_VALUE, message.payload);
  add(RD_KAFKA_VTYPE_MSGFLAGS).u.i = RD_KAFKA_MSG_F_COPY;
  add(RD_KAFKA_VTYPE_OPAQUE).u.ptr = opaque;
  if (message.timestamp_ms) add(RD_KAFKA_VTYPE_TIMESTAMP).u.i64 = *message.timestamp_ms;
  if (!message.headers.empty()) add_headers(message.headers);
}

rd_kafka_vu_t& OutgoingUnits::add(rd_kafka_vtype_t type) {
  rd_kafka_vu_t& unit = units_.at(count_++);
  unit.vtype = type;
  return unit;
}

void OutgoingUnits::add_bytes(rd_kafka_vtype_t type, const std::optional<std::string_view>& bytes) {
  rd_kafka_vu_t& unit = add(type);
  unit.u.mem.ptr = data_of(bytes);
  unit.u.mem.size = size_of(bytes);
}

void OutgoingUnits::add_headers(std::span<const Header> headers) {
  headers_.reset(rd_kafka_headers_new(headers.size()));
  for (const Header& header : headers) {
    rd_kafka_header_add(headers_.get(), header.name.data(), static_cast<ssize_t>(header.name.size()),
                        data_of(header.value), static_cast<ssize_t>(size_of(header.value)));
  }
  add(RD_KAFKA_VTYPE_HEADERS).u.headers = headers_.get();
}

rd_kafka_error_t* OutgoingUnits::produce(rd_kafka_t* rk) {
  rd_kafka_error_t* const error = rd_kafka_produceva(rk, units_.data(), count_);
  // Else the headers stay ours.
  if (error == nullptr) (void)headers_.release();  // NOLINT: librdkafka has taken them over
  return error;
}

}  // namespace braid::adapters
