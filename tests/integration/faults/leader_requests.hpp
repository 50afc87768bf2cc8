#pragma once

#include <string>
#include <vector>

namespace braid::faults {

// Requests that librdkafka 2.0 does not have, by Kafka's protocol on a connection of their own. Each asks the first
// node that can be reached and returns when that has answered; throws std::runtime_error when none can be, or when
// the request was not understood. What has become of it is to be seen in the cluster.

// AlterPartitionReassignments: each partition's copies, by node, in that order.
void request_order_of_copies(const std::string& bootstrap, const std::string& topic,
                             const std::vector<std::vector<int>>& nodes);
// ElectLeaders: of each partition the first of its copies is to lead.
void request_preferred_leaders(const std::string& bootstrap, const std::string& topic, int partitions);

}  // namespace braid::faults
