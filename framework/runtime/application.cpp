#include "adapters/asio/executor_pool.hpp"
#include "adapters/librdkafka/rdkafka_version.hpp"
#include "core/virtual_partitions/partitioner.hpp"
#include "engine/listener/left_share.hpp"
#include "engine/store/store_thread.hpp"
#include "engine/worker/describe_failure.hpp"
#include "engine/worker/worker_pool.hpp"
#include "runtime/application_producer.hpp"
#include "runtime/check_settings.hpp"
#include "runtime/common.hpp"
#include "runtime/connections/listener_connections.hpp"
#include "runtime/connections/supervisor_thread.hpp"
#include "runtime/figures.hpp"
#include "runtime/heartbeat.hpp"
#include "runtime/node.hpp"
#include "runtime/operations.hpp"
#include "runtime/recovery.hpp"
#include "runtime/signal_watch.hpp"
#include "runtime/story_log.hpp"
#include "runtime/tell.hpp"
#include "runtime/transactions.hpp"

#include <braid/application.hpp>
#include <braid/monitor.hpp>
#include <braid/routing/validate.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

namespace braid {

namespace {

constexpr std::chrono::milliseconds kStopNowMost{5000};

// From here on there is one, whoever has made it.
Settings with_monitor(Settings settings) {
  if (!settings.monitor) settings.monitor = std::make_shared<Monitor>();
  return settings;
}

}  // namespace

class Application::Impl {
 public:
  Impl(Settings settings, routing::Routes routes, std::optional<boost::asio::any_io_executor> executor)
      : settings_(with_monitor(std::move(settings))),
        routes_(std::make_shared<const routing::Routes>(std::move(routes))),
        executor_(std::move(executor)) {
    routing::require_valid(*routes_);
    auto problems = runtime::check_settings(settings_);
    runtime::check_transactions(settings_, *routes_, problems);
    node_ = runtime::node_of([](const char* name) { return std::getenv(name); }, problems);
    if (!problems.empty()) {
      throw std::invalid_argument(fmt::format("{}", fmt::join(problems, "\n")));
    }
    common_ = std::make_shared<runtime::Common>(settings_);
    runtime::tell_trouble_to_log(common_);
    if (settings_.log.story) {
      story_.emplace(*common_->monitor, common_->log.all(), common_->clock, *routes_, settings_.log.story_each);
    }
    Settings producers = settings_;
    producers.client_id = runtime::client_id_of(node_, settings_.client_id);
    producer_ = std::make_shared<runtime::ApplicationProducer>(
        runtime::application_producer_settings(producers), std::shared_ptr<engine::Log>(common_, &common_->log));
    recovery_ = runtime::make_recovery_tools(common_, common_->clock, common_->log, settings_, producer_);
    // So that they are told of from the beginning, and in this order.
    for (const auto& group : routes_->consumer_groups) {
      for (const auto& subscription_group : group.subscription_groups) {
        for (const auto& topic : subscription_group.topics) {
          if (!topic.is_pattern) common_->balances->of(group.id, topic.name);
        }
      }
    }
    pool_ = make_pool();
  }

  ~Impl() { stop(StopMode::drain, settings_.shutdown_timeout); }

  void start() {
    if (started_) throw ApplicationError("an application starts once; make another one");
    for (const auto& text : runtime::find_silent_hooks(*routes_, adapters::end_of_partition_is_sound())) {
      common_->log.write(engine::LogLevel::warning, "application", text);
    }
    for (const auto& text : runtime::find_long_drains(settings_, *routes_)) {
      common_->log.write(engine::LogLevel::warning, "application", text);
    }
    if (node_.heartbeat) heartbeat_ = runtime::Heartbeat::of_process(*node_.heartbeat, common_->log);
    auto connections = make_connections();
    Settings letters = settings_;
    letters.client_id = runtime::client_id_of(node_, settings_.client_id);
    common_->letters = std::make_shared<runtime::LetterProducers>(letters, *routes_, common_->log);
    factory_->parts().letters = common_->letters;
    if (!settings_.producer.empty()) producer_->make();
    transactions_ = runtime::make_transactional_producers(letters, node_, *routes_, common_, common_->log);
    factory_->parts().transactions = transactions_;
    started_ = true;
    // Flags first: what has started half is ended as a whole.
    pool_started_ = true;
    pool_->start();
    for (const auto& [store, thread] : stores_) thread->start();
    connections_started_ = true;
    connections_.start(std::move(connections), common_->log);
    state_.store(ApplicationState::running, std::memory_order_relaxed);
    if (const auto failure = connections_.wait_started()) {
      stop(StopMode::drain, std::chrono::milliseconds(1000));
      throw ApplicationError(*failure);
    }
    std::size_t topics = 0;
    for (const auto& group : routes_->consumer_groups) {
      for (const auto& subscription_group : group.subscription_groups) topics += subscription_group.topics.size();
    }
    common_->log.write(
        engine::LogLevel::info, "application",
        fmt::format("started: {} topics, {} connections, {}", topics, common_->counters->connections.load(),
                    executor_ ? "jobs on the host's executor" : fmt::format("{} workers", concurrency())));
    runtime::tell_started(*common_, topics, concurrency());
  }

  StopReport stop(StopMode mode, std::chrono::milliseconds timeout) {
    timeout = std::clamp(timeout, std::chrono::milliseconds(0), runtime::kLongest);
    StopReport report;
    if (!started_ || stopped_) return report;
    stopped_ = true;
    state_.store(ApplicationState::stopping, std::memory_order_relaxed);
    const bool at_once = mode == StopMode::now;
    const auto now = common_->clock.now();
    const auto deadline = now + timeout;
    runtime::tell_stopping(*common_, timeout, at_once);
    if (connections_started_) {
      connections_.request_stop(deadline, at_once);
      engine::LeftBehind left = connections_.join();
      report.left_behind = std::move(left.words);
      std::ranges::transform(left.shares, std::back_inserter(report.left_shares), runtime::left_share_of);
    }
    // What consumers have produced and nobody waits for goes out, as far as there is time.
    const auto time_left = std::max<engine::Duration>(deadline - common_->clock.now(), engine::Duration::zero());
    producer_->close(at_once ? std::chrono::milliseconds(0)
                             : std::chrono::duration_cast<std::chrono::milliseconds>(time_left));
    // Nobody waits for what it still has.
    if (common_->letters) common_->letters->close(std::chrono::milliseconds(0));
    // Whatever has used the time up: a thread that has nothing to do needs a moment to end, and one that has begun
    // to abort a transaction had better be done with it.
    const auto end_by = [&] {
      const auto least = common_->clock.now() + std::chrono::milliseconds(200);
      return at_once ? least : std::max(deadline, least);
    };
    if (transactions_) {
      // They have been at it since the listeners went.
      if (const std::uint32_t stuck = transactions_->stop(end_by()); stuck > 0) {
        report.left_behind.push_back(fmt::format("{} transactions, whose brokers have not answered", stuck));
      }
    }
    for (const auto stores_end_by = end_by(); const auto& [store, thread] : stores_) {
      // Only a call that a listener has given up is still under way.
      if (!thread->stop(stores_end_by)) {
        report.left_behind.emplace_back("a call to an offset store, which has not returned");
      }
    }
    if (pool_started_) {
      // Without listeners no job comes any more; those that wait return at once.
      const std::uint32_t stuck = pool_->stop(end_by());
      if (stuck > 0) {
        report.left_behind.push_back(
            fmt::format("{} {}, still in user code", stuck, executor_ ? "jobs on the host's executor" : "workers"));
      }
    }
    heartbeat_.reset();
    report.in_time = report.left_behind.empty();
    report.failure = common_->failure();
    for (const std::string& left : report.left_behind) {
      common_->log.write(engine::LogLevel::warning, "application", "the stop left behind " + left);
    }
    common_->log.write(
        engine::LogLevel::info, "application",
        fmt::format("stopped after {:.1f} s", std::chrono::duration<double>(common_->clock.now() - now).count()));
    runtime::tell_stopped(*common_, report, common_->clock.now() - now);
    story_.reset();
    state_.store(ApplicationState::stopped, std::memory_order_relaxed);
    return report;
  }

  StopReport run() {
    std::optional<runtime::SignalWatch> signals;
    if (settings_.handle_signals) signals.emplace(runtime::signal_actions(common_));
    start();
    common_->wait_for_stop();
    StopReport report = stop(StopMode::drain, settings_.shutdown_timeout);
    if (report.failure) throw ApplicationError(*report.failure);
    return report;
  }

  void request_stop() noexcept { common_->request_stop(); }

  void quiet() const { common_->inspection.quiet(); }

  [[nodiscard]] ApplicationState state() const {
    const auto state = state_.load(std::memory_order_relaxed);
    if (state != ApplicationState::running || !common_->inspection.quiet_asked()) return state;
    return common_->inspection.settled() ? ApplicationState::quiet : ApplicationState::quieting;
  }

  [[nodiscard]] std::string dump(std::chrono::milliseconds patience) const {
    const runtime::Inspection::Dump dump = common_->inspection.begin_dump();
    dump.request->wait_until(common_->clock.now() +
                             std::clamp(patience, std::chrono::milliseconds(0), runtime::kLongest));
    return common_->inspection.text_of(dump);
  }

  [[nodiscard]] ApplicationSnapshot snapshot(std::chrono::milliseconds patience) const {
    ApplicationSnapshot snapshot = runtime::take_snapshot(*common_, patience);
    snapshot.state = state();
    snapshot.client_id = settings_.client_id;
    snapshot.concurrency = concurrency();
    return snapshot;
  }

  [[nodiscard]] ConfigurationSnapshot configuration() const {
    return runtime::configuration_of(settings_, *routes_, concurrency());
  }

  Result<std::uint32_t> steer(engine::SteerOrder order, const PartitionChoice& choice) {
    const auto now = state();
    if (now == ApplicationState::idle || now == ApplicationState::stopping || now == ApplicationState::stopped) {
      return Error(Error::Kind::closed, "the application does not run");
    }
    return runtime::steer(*common_, std::move(order), choice);
  }

  void set_log_level(LogLevel level) {
    common_->log.all().set_level(static_cast<engine::LogLevel>(level));
    common_->log.all().write_always("application", "the log's level was changed");
  }

  [[nodiscard]] std::optional<std::string> failure() const { return common_->failure(); }

  Result<void> set_concurrency(std::uint32_t concurrency) {
    auto resized = pool_->resize(concurrency);
    if (resized) {
      common_->log.write(engine::LogLevel::info, "application", fmt::format("concurrency is {} now", concurrency));
    }
    return resized;
  }

  [[nodiscard]] std::uint32_t concurrency() const { return executor_ ? settings_.concurrency : pool_->size(); }

  [[nodiscard]] const Settings& settings() const { return settings_; }

  [[nodiscard]] Figures figures() const { return runtime::figures_of(*common_->counters); }

  [[nodiscard]] std::vector<TopicFigures> topic_figures() const { return common_->balances->figures(); }
  [[nodiscard]] Monitor& monitor() const { return *common_->monitor; }

 private:
  [[nodiscard]] std::shared_ptr<engine::OwnedPool> make_pool() const {
    if (executor_) {
      return std::make_shared<adapters::ExecutorPool>(*executor_, std::max(2 * settings_.concurrency, 64U));
    }
    return std::make_shared<engine::WorkerPool>(
        settings_.concurrency, "braid-w-", [common = common_](const std::exception_ptr& failure) {
          common->log.write(
              engine::LogLevel::error, "worker",
              "a function that was posted to the pool's executor threw " + engine::describe_failure(failure));
        });
  }

  // A thread for each offset store that routes name, shared by all connections.
  void make_stores() {
    for (const auto& group : routes_->consumer_groups) {
      for (const auto& subscription_group : group.subscription_groups) {
        for (const auto& topic : subscription_group.topics) {
          if (topic.commit.when != routing::Commit::When::external) continue;
          auto& thread = stores_[topic.offset_store.get()];
          if (thread) continue;
          thread = std::make_shared<engine::StoreThread>(fmt::format("braid-s-{}", stores_.size() - 1),
                                                         topic.offset_store);
        }
      }
    }
  }

  // With all first clients, before anything starts; or throws every group's problem at once.
  std::unique_ptr<runtime::ConnectionSupervisor> make_connections() {
    make_stores();
    factory_.emplace(runtime::ListenerConnections::Parts{
        .settings = settings_,
        .node = node_,
        .default_max_partitions = core::default_max_partitions(concurrency()),
        .keeps = common_,
        .clock = &common_->clock,
        .log = &common_->log,
        .host = common_.get(),
        .inspection = &common_->inspection,
        .pool = pool_,
        .jobs = common_->jobs,
        .limits = common_->limits,
        .counters = common_->counters,
        .balances = common_->balances,
        .routes = routes_,
        .recovery = recovery_,
        .stores = stores_,
        .letters = {},
        .transactions = {},
    });
    auto connections = std::make_unique<runtime::ConnectionSupervisor>(
        *routes_,
        runtime::ConnectionSupervisor::Settings{.drain_on_revoke = runtime::longest_drain(settings_, *routes_)},
        runtime::ConnectionSupervisor::Tools{.factory = &*factory_,
                                             .clock = &common_->clock,
                                             .log = &common_->log,
                                             .counters = common_->counters,
                                             .notifier = connections_.notifier(),
                                             .random = recovery_->random});
    const auto problems = connections->make();
    if (!problems.empty()) throw std::invalid_argument(fmt::format("{}", fmt::join(problems, "\n")));
    return connections;
  }

  const Settings settings_;
  const std::shared_ptr<const routing::Routes> routes_;
  const std::optional<boost::asio::any_io_executor> executor_;  // the host's; none: a pool of our own
  std::shared_ptr<runtime::Common> common_;
  std::optional<runtime::StoryLog> story_;  // none: nobody wants it, or all is told
  std::shared_ptr<runtime::ApplicationProducer> producer_;
  std::shared_ptr<const engine::RecoveryTools> recovery_;
  std::shared_ptr<engine::OwnedPool> pool_;  // never another one: any thread may resize it
  std::map<const OffsetStore*, std::shared_ptr<engine::StoreThread>> stores_;
  std::shared_ptr<engine::TransactionalProducers> transactions_;  // none where no topic is exactly once
  runtime::Node node_;                                            // constant after construction
  std::shared_ptr<runtime::Heartbeat> heartbeat_;                 // none: nobody wants one
  std::optional<runtime::ListenerConnections> factory_;           // from start() on
  runtime::SupervisorThread connections_;
  bool started_ = false;
  bool pool_started_ = false;
  bool connections_started_ = false;
  bool stopped_ = false;
  std::atomic<ApplicationState> state_{ApplicationState::idle};
};

Application::Application(Settings settings, routing::Routes routes)
    : impl_(std::make_unique<Impl>(std::move(settings), std::move(routes), std::nullopt)) {}
Application::Application(Settings settings, routing::Routes routes, const boost::asio::any_io_executor& executor)
    : impl_(std::make_unique<Impl>(std::move(settings), std::move(routes), executor)) {}
Application::~Application() = default;

void Application::start() {
  impl_->start();
}
StopReport Application::stop() {
  return stop(StopMode::drain);
}
StopReport Application::stop(StopMode mode) {
  const auto timeout = impl_->settings().shutdown_timeout;
  return impl_->stop(mode, mode == StopMode::now ? std::min(timeout, kStopNowMost) : timeout);
}
StopReport Application::stop(StopMode mode, std::chrono::milliseconds timeout) {
  return impl_->stop(mode, timeout);
}
StopReport Application::stop(std::chrono::milliseconds deadline) {
  return impl_->stop(StopMode::drain, deadline);
}
StopReport Application::run() {
  return impl_->run();
}
void Application::request_stop() noexcept {
  impl_->request_stop();
}
void Application::quiet() noexcept {
  impl_->quiet();
}
ApplicationState Application::state() const {
  return impl_->state();
}
std::string Application::dump(std::chrono::milliseconds patience) const {
  return impl_->dump(patience);
}
ApplicationSnapshot Application::snapshot(std::chrono::milliseconds patience) const {
  return impl_->snapshot(patience);
}
ConfigurationSnapshot Application::configuration() const {
  return impl_->configuration();
}
Result<std::uint32_t> Application::pause(const PartitionChoice& choice,
                                         std::optional<std::chrono::milliseconds> duration) {
  return impl_->steer(runtime::pause_order(duration), choice);
}
Result<std::uint32_t> Application::resume(const PartitionChoice& choice) {
  return impl_->steer({.what = engine::SteerOrder::What::resume}, choice);
}
Result<std::uint32_t> Application::seek(const PartitionChoice& choice, const SeekTarget& target) {
  return impl_->steer(runtime::seek_order(target), choice);
}
void Application::set_log_level(LogLevel level) {
  impl_->set_log_level(level);
}
std::optional<std::string> Application::failure() const {
  return impl_->failure();
}
Result<void> Application::set_concurrency(std::uint32_t concurrency) {
  return impl_->set_concurrency(concurrency);
}
std::uint32_t Application::concurrency() const {
  return impl_->concurrency();
}
Figures Application::figures() const {
  return impl_->figures();
}
Monitor& Application::monitor() const {
  return impl_->monitor();
}
std::vector<TopicFigures> Application::topic_figures() const {
  return impl_->topic_figures();
}

}  // namespace braid
