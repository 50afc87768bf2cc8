#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace braid::runtime {

// Which of several processes of one program this one is, as whoever runs them (`braid swarm`) tells by the
// environment:
//   BRAID_NODE               its number, from 0; it stays the same when the process is started again
//   BRAID_NODES              how many there are
//   BRAID_GROUP_INSTANCE_ID  the group.instance.id to make one's own of where the settings have none
//   BRAID_HEARTBEAT_FD       a pipe that heartbeats are sent to
// Without any of them it is nobody's node, and nothing changes.
// Thread: a value.
struct Node {
  std::optional<std::uint32_t> number{};
  std::string group_instance_id{};  // empty: none
  std::optional<int> heartbeat{};
};

using Environment = std::function<const char*(const char* name)>;

// What is wrong goes to `problems`, a line each.
[[nodiscard]] Node node_of(const Environment& environment, std::vector<std::string>& problems);

// `client_id`, with the node's number behind it where there is one: "orders-2".
[[nodiscard]] std::string client_id_of(const Node& node, const std::string& client_id);

// The group.instance.id of one connection: no two members of a group may have the same, or they fence each other
// for ever, and one that comes back must have its own again. "ID", with the node's number behind it where there is
// one, and the connection's where its consumer group has several: "ID-2-0". Empty where neither the settings nor
// the environment have an id.
struct MemberPlace {
  std::uint32_t connection = 0;  // within the consumer group, the same each time the program starts
  bool only = true;              // the consumer group's only connection in the process
};
[[nodiscard]] std::string group_instance_id_of(const Node& node, const std::string& set, const MemberPlace& place);

}  // namespace braid::runtime
