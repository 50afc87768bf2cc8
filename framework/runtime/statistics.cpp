#include "runtime/statistics.hpp"

#include "engine/instrumentation/event_hub.hpp"

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>

namespace braid::runtime {

adapters::StatisticsOptions statistics_for(const std::shared_ptr<engine::EventHub>& hub) {
  adapters::StatisticsOptions statistics;
  if (!hub) return statistics;
  if (hub->wants<events::ClientMeasured>()) {
    statistics.each = std::chrono::duration_cast<std::chrono::milliseconds>(hub->measure_each());
  }
  // Some hundred kilobytes, of a client with many partitions: not for the thread of a listener to read.
  statistics.hear = [hub](std::string json) {
    hub->emit_later<events::ClientMeasured>([json = std::move(json)] {
      auto measured = adapters::read_statistics(json);
      if (!measured) throw std::runtime_error(measured.error().text());
      return std::move(measured).value();
    });
  };
  return statistics;
}

}  // namespace braid::runtime
