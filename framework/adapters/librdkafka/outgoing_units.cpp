#include "adapters/librdkafka/outgoing_units.hpp"

#include <optional>
#include <string_view>

namespace braid::adapters {

namespace {

rd_kafka_vu_t bytes(rd_kafka_vtype_t type, const std::optional<std::string_view>& data) {
  rd_kafka_vu_t unit{};
  unit.vtype = type;
  // Null is told by the null pointer, empty needs any other.
  unit.u.mem.ptr = data ? const_cast<char*>(data->empty() ? "" : data->data()) : nullptr;
  unit.u.mem.size = data ? data->size() : 0;
  return unit;
}

}  // namespace

OutgoingUnits::OutgoingUnits(const engine::OutgoingMessage& message, void* opaque) : topic_(message.topic) {
  units_[count_].vtype = RD_KAFKA_VTYPE_TOPIC;
  units_[count_++].u.cstr = topic_.c_str();
  units_[count_].vtype = RD_KAFKA_VTYPE_PARTITION;
  units_[count_++].u.i32 =
      message.partition && !message.partition_wraps ? message.partition->value : RD_KAFKA_PARTITION_UA;
  units_[count_++] = bytes(RD_KAFKA_VTYPE_KEY, message.key);
  units_[count_++] = bytes(RD_KAFKA_VTYPE_VALUE, message.payload);
  units_[count_].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  units_[count_++].u.i = RD_KAFKA_MSG_F_COPY;
  units_[count_].vtype = RD_KAFKA_VTYPE_OPAQUE;
  units_[count_++].u.ptr = opaque;
  if (message.headers.empty()) return;
  headers_.reset(rd_kafka_headers_new(message.headers.size()));
  for (const Header& header : message.headers) {
    const char* value = header.value ? (header.value->empty() ? "" : header.value->data()) : nullptr;
    const auto size = header.value ? static_cast<ssize_t>(header.value->size()) : 0;
    rd_kafka_header_add(headers_.get(), header.name.data(), static_cast<ssize_t>(header.name.size()), value, size);
  }
  units_[count_].vtype = RD_KAFKA_VTYPE_HEADERS;
  units_[count_++].u.headers = headers_.get();
}

rd_kafka_error_t* OutgoingUnits::produce(rd_kafka_t* rk) {
  rd_kafka_error_t* const error = rd_kafka_produceva(rk, units_.data(), count_);
  // Else the headers stay ours.
  if (error == nullptr) (void)headers_.release();  // NOLINT: librdkafka has taken them over
  return error;
}

}  // namespace braid::adapters
