#pragma once

#include "adapters/librdkafka/statistics.hpp"

#include <memory>

namespace braid::engine {
class EventHub;
}

namespace braid::runtime {

// For a client that is about to be made: its statistics become events::ClientMeasured, as often as partitions are
// measured, if somebody has subscribed to that by now; or as often as the setting statistics.interval.ms says.
// Without a hub: none. Thread: any.
[[nodiscard]] adapters::StatisticsOptions statistics_for(const std::shared_ptr<engine::EventHub>& hub);

}  // namespace braid::runtime
