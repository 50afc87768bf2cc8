#pragma once

#include "engine/instrumentation/counters.hpp"
#include "engine/instrumentation/topic_balance.hpp"
#include "engine/listener/listener.hpp"
#include "engine/threads/guarded_by.hpp"
#include "engine/worker/limits.hpp"
#include "engine/worker/partition_jobs.hpp"
#include "runtime/configured_log.hpp"
#include "runtime/inspection.hpp"
#include "runtime/recovery.hpp"
#include "runtime/signal_watch.hpp"
#include "runtime/steady_clock.hpp"

#include <braid/settings.hpp>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace braid::runtime {

// What connections, jobs and threads may outlive the application with: held by all of them.
// Thread: any.
class Common final : public engine::ListenerHost {
 public:
  explicit Common(const Settings& settings);

  void handle_fatal(const Error& error) override;

  void request_stop() noexcept;
  // Until that, or a failure.
  void wait_for_stop();
  // Why the application can't go on; none: it can.
  [[nodiscard]] std::optional<std::string> failure() const;

  ConfiguredLog log;
  SteadyClock clock;
  std::shared_ptr<Monitor> monitor;
  std::shared_ptr<engine::Counters> counters = std::make_shared<engine::Counters>();
  Inspection inspection{log.all(), *counters};
  std::shared_ptr<engine::BalanceTable> balances = std::make_shared<engine::BalanceTable>();
  std::shared_ptr<engine::PartitionJobsTable> jobs = std::make_shared<engine::PartitionJobsTable>();
  std::shared_ptr<engine::Limits> limits;
  std::shared_ptr<LetterProducers> letters;  // from the application's start on

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_requested_ BRAID_GUARDED_BY(mutex_) = false;
  std::optional<std::string> failure_ BRAID_GUARDED_BY(mutex_);
};

// What signals ask of an application, which may be stopping meanwhile.
[[nodiscard]] SignalWatch::Actions signal_actions(const std::shared_ptr<Common>& common);

}  // namespace braid::runtime
