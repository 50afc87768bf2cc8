#pragma once

#include <braid/snapshot.hpp>

#include <cstdint>
#include <optional>
#include <string>

// Snapshots as JSON: one object each, with the names of docs/ops.md. What is not known is null; times are numbers
// of milliseconds, and moments those since 1970. Thread: functions without state; any.

namespace braid::ops {

// Which partitions are asked for; what is not set leaves nothing out.
struct Selection {
  std::optional<std::string> topic{};
  std::optional<std::int32_t> partition{};
};

// State, figures, topics.
[[nodiscard]] std::string application_json(const ApplicationSnapshot& snapshot);
[[nodiscard]] std::string connections_json(const ApplicationSnapshot& snapshot);
// Of all connections, in the order of their topics, without what their virtual partitions do.
[[nodiscard]] std::string partitions_json(const ApplicationSnapshot& snapshot, const Selection& selection);
// What these do; one entry for each that has something.
[[nodiscard]] std::string virtual_partitions_json(const ApplicationSnapshot& snapshot, const Selection& selection);
// What is in user code, or was deferred by it: the longest first.
[[nodiscard]] std::string jobs_json(const ApplicationSnapshot& snapshot);
[[nodiscard]] std::string configuration_json(const ConfigurationSnapshot& configuration);

// For the page, in one piece: the application, connections, and partitions with their work; `history` tells whether
// there is something new in the history.
[[nodiscard]] std::string live_json(const ApplicationSnapshot& snapshot, std::uint64_t history);

}  // namespace braid::ops
