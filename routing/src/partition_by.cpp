#include <braid/routing/partition_by.hpp>

#include <utility>

namespace braid {

using routing::PartitionBy;
using routing::Reducer;

PartitionBy key() {
  return {.kind = PartitionBy::Kind::message_key};
}

PartitionBy header(std::string name) {
  return {.kind = PartitionBy::Kind::header, .name = std::move(name)};
}

PartitionBy json_field(std::string name_or_pointer) {
  return {.kind = PartitionBy::Kind::json_field, .name = std::move(name_or_pointer)};
}

PartitionBy partition_by(std::function<PartitionKey(const Message&)> callable) {
  return {.kind = PartitionBy::Kind::callable, .callable = std::move(callable)};
}

PartitionBy round_robin() {
  return {.kind = PartitionBy::Kind::round_robin};
}

PartitionBy partition() {
  return {.kind = PartitionBy::Kind::partition};
}

Reducer balanced() {
  return {.kind = Reducer::Kind::balanced};
}

Reducer sticky() {
  return {.kind = Reducer::Kind::sticky};
}

Reducer reduce_by(std::function<std::uint32_t(const PartitionKey&, std::uint32_t)> callable) {
  return {.kind = Reducer::Kind::callable, .callable = std::move(callable)};
}

}  // namespace braid
