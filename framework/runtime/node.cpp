#include "runtime/node.hpp"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

namespace braid::runtime {

namespace {

std::optional<std::uint32_t> number_of(const Environment& environment, const char* name, std::uint32_t most,
                                       std::vector<std::string>& problems) {
  const char* const found = environment(name);
  if (found == nullptr) return std::nullopt;
  const std::string_view text = found;
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size() && number <= most) return number;
  problems.push_back(fmt::format("environment: {} must be a whole number from 0 to {}, is '{}'", name, most, text));
  return std::nullopt;
}

}  // namespace

Node node_of(const Environment& environment, std::vector<std::string>& problems) {
  constexpr std::uint32_t kMostNodes = 100'000;
  constexpr std::uint32_t kMostDescriptors = 1'000'000;
  Node node;
  node.number = number_of(environment, "BRAID_NODE", kMostNodes, problems);
  const auto nodes = number_of(environment, "BRAID_NODES", kMostNodes, problems);
  if (node.number && nodes && *node.number >= *nodes) {
    problems.push_back(
        fmt::format("environment: BRAID_NODE must be below BRAID_NODES, {}, is {}", *nodes, *node.number));
  }
  if (const char* const id = environment("BRAID_GROUP_INSTANCE_ID"); id != nullptr) node.group_instance_id = id;
  if (const auto heartbeat = number_of(environment, "BRAID_HEARTBEAT_FD", kMostDescriptors, problems)) {
    node.heartbeat = static_cast<int>(*heartbeat);
  }
  return node;
}

std::string client_id_of(const Node& node, const std::string& client_id) {
  return node.number ? fmt::format("{}-{}", client_id, *node.number) : client_id;
}

std::string group_instance_id_of(const Node& node, const std::string& set, const MemberPlace& place) {
  std::string id = set.empty() ? node.group_instance_id : set;
  if (id.empty()) return id;
  if (node.number) id += fmt::format("-{}", *node.number);
  if (!place.only) id += fmt::format("-{}", place.connection);
  return id;
}

}  // namespace braid::runtime
