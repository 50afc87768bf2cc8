#include "runtime/tell.hpp"

#include "engine/instrumentation/event_hub.hpp"

namespace braid::runtime {

namespace {

// A subscriber that is slow must not hold up a stop.
constexpr std::chrono::milliseconds kPatience{1000};

}  // namespace

void tell_trouble_to_log(const std::shared_ptr<Common>& common) {
  // The monitor may outlive us, and we hold it.
  common->monitor->hub()->report_to([weak = std::weak_ptr<Common>(common)](std::string_view text) {
    if (const auto held = weak.lock()) held->log.write(engine::LogLevel::warning, "application", text);
  });
}

void tell_started(const Common& common, std::size_t topics, std::uint32_t workers) {
  common.counters->events->emit<events::ApplicationStarted>([&] {
    return events::ApplicationStarted{.topics = static_cast<std::uint32_t>(topics),
                                      .connections = common.counters->connections.load(),
                                      .workers = workers};
  });
}

void tell_stopping(const Common& common, std::chrono::milliseconds timeout, bool at_once) {
  common.counters->events->emit<events::ApplicationStopping>(
      [&] { return events::ApplicationStopping{.timeout = timeout, .at_once = at_once}; });
}

void tell_stopped(const Common& common, const StopReport& report, engine::Duration took) {
  common.counters->events->emit<events::ApplicationStopped>([&] {
    return events::ApplicationStopped{.in_time = report.in_time,
                                      .left_behind = report.left_behind,
                                      .failure = report.failure,
                                      .took = std::chrono::duration_cast<std::chrono::milliseconds>(took)};
  });
  common.monitor->flush(kPatience);
}

}  // namespace braid::runtime
