#pragma once

#include <braid/routing/partition_key.hpp>
#include <braid/routing/routes.hpp>

#include <cstdint>
#include <functional>
#include <string>

// The values that virtual_partitions() takes.

namespace braid {

// Messages with the same key share a virtual partition. The default.
[[nodiscard]] routing::PartitionBy key();

// Messages with the same value of that header.
[[nodiscard]] routing::PartitionBy header(std::string name);

// Messages whose JSON payload has the same value in that field: a name of the top level, or a JSON pointer when it
// starts with '/'.
[[nodiscard]] routing::PartitionBy json_field(std::string name_or_pointer);

// Messages for which the function returns the same. It runs on the listener's thread: quick, never blocking.
[[nodiscard]] routing::PartitionBy partition_by(std::function<PartitionKey(const Message&)> callable);

// Every message for itself: no order.
[[nodiscard]] routing::PartitionBy round_robin();

// All messages in one virtual partition: the partition's order, and nothing side by side.
[[nodiscard]] routing::PartitionBy partition();

// Within each batch, keys are spread over the virtual partitions by how many messages they have. Needs
// `flow: batch`. A key meets different consumer objects, so none may keep anything of a key in its members.
[[nodiscard]] routing::Reducer balanced();

// A key keeps its virtual partition while any message of it is in flight, and else goes to the least loaded one. A
// key meets different consumer objects, so none may keep anything of a key in its members.
[[nodiscard]] routing::Reducer sticky();

// (key, max_partitions) -> index below max_partitions, in place of the hash. Runs on the listener's thread.
[[nodiscard]] routing::Reducer reduce_by(std::function<std::uint32_t(const PartitionKey&, std::uint32_t)> callable);

using routing::Commit;
using routing::Flow;
using routing::InitialOffset;
using routing::NullKeys;
using routing::Offsets;
using routing::OnTicketTimeout;
using routing::Order;

}  // namespace braid
