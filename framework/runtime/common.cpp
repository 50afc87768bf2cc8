#include "runtime/common.hpp"

#include "engine/instrumentation/event_hub.hpp"

#include <braid/monitor.hpp>

#include <fmt/format.h>

namespace braid::runtime {

Common::Common(const Settings& settings)
    : log(settings.log_level, settings.log),
      monitor(settings.monitor),
      limits(std::make_shared<engine::Limits>(settings.max_bytes_in_flight)) {
  counters->events = monitor->hub();
}

void Common::handle_fatal(const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = error.text();
    stop_requested_ = true;
  }
  log.write(engine::LogLevel::error, "application", error.text());
  counters->events->emit<events::ErrorOccurred>([&] {
    return events::ErrorOccurred{
        .type = events::ErrorType::application, .kind = error.kind(), .error = error.text()};
  });
  changed_.notify_all();
}

void Common::request_stop() noexcept {
  {
    const std::lock_guard lock(mutex_);
    stop_requested_ = true;
  }
  changed_.notify_all();
}

void Common::wait_for_stop() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return stop_requested_; });
}

std::optional<std::string> Common::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

SignalWatch::Actions signal_actions(const std::shared_ptr<Common>& common) {
  return {
      .stop =
          [common](int signal) {
            common->log.write(engine::LogLevel::info, "application",
                              fmt::format("signal {}: draining; once more ends the process at once", signal));
            common->request_stop();
          },
      .quiet = [common] { common->inspection.quiet(); },
      .begin_dump =
          [common] {
            return [common, dump = common->inspection.begin_dump()](bool late) {
              return common->inspection.write(dump, late);
            };
          },
  };
}

}  // namespace braid::runtime
