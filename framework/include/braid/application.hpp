#pragma once

#include <braid/application_state.hpp>
#include <braid/figures.hpp>
#include <braid/partition_choice.hpp>
#include <braid/result.hpp>
#include <braid/routing/routes.hpp>
#include <braid/settings.hpp>
#include <braid/topic_figures.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

// Asio's, of which nothing but the name is needed here.
namespace boost::asio {
class any_io_executor;
}

namespace braid {

struct ApplicationSnapshot;
struct ConfigurationSnapshot;
class Monitor;
class SeekTarget;

// The application could not start, or had to end: no broker, no position where there must be one.
class ApplicationError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// How a stop treats what is in hand.
enum class StopMode : std::uint8_t {
  drain,  // what was handed over to workers is finished, up to the deadline
  now,    // nothing new starts, and what runs has a moment (0.3 s) to come back; hooks and the commit follow
};

// A share, or a hook, that was still in user code when the stop had to leave it.
struct LeftShare {
  std::string topic;
  std::int32_t partition = 0;
  std::uint32_t virtual_partition = 0;
  // Of its messages that were not done, as far as was known; -1: it is a hook.
  std::int64_t first_offset = -1;
  std::int64_t last_offset = -1;
  std::optional<std::string> key{};   // of the first one, at most 100 bytes; none: it has none, or it is not known
  std::chrono::milliseconds since{};  // how long it had been running
};

// How it ended, and what the stop left behind.
struct StopReport {
  std::optional<std::string> failure;    // why the application could not go on; none: it was asked to stop
  bool in_time = true;                   // all settled, committed and left before the deadline
  std::vector<std::string> left_behind;  // what had not, in words
  std::vector<LeftShare> left_shares;    // which jobs these were, as far as it was jobs
};

// Runs routes: its connections, their listeners, and the pool of workers. Several may live in one process.
// Thread: any one at a time; what is said so of, and failure() and figures of all kinds, from any.
class Application {
 public:
  // Throws routing::InvalidRoutes or std::invalid_argument with all problems of the routes or the settings.
  Application(Settings settings, routing::Routes routes);
  // The same with all jobs, hooks and coroutines on an executor of the host's instead of threads of its own: as
  // many run at once as the executor has threads; `concurrency` only says how many may be queued there (twice as
  // many, at least 64). The executor must run until stop() has returned in time, and never call it.
  // (<boost/asio/any_io_executor.hpp>)
  Application(Settings settings, routing::Routes routes, const boost::asio::any_io_executor& executor);
  // Stops, with the shutdown timeout, if that has not been done.
  ~Application();
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;

  // Returns when every connection has reached a broker. Throws std::invalid_argument for Kafka settings that the
  // client refuses, before anything has started, and ApplicationError when a connection can't reach a broker within
  // the connect timeout; everything is undone then. From then on a connection that fails ends nothing but itself:
  // it gets a new client, behind a pause of up to a minute (Figures::connection_restarts, and the log).
  void start();
  // Drains, commits, leaves the groups, joins the threads; at the deadline leaves whatever runs. Does nothing the
  // second time. Never throws.
  StopReport stop();
  StopReport stop(std::chrono::milliseconds timeout);
  // The same, or without waiting for what runs: StopMode::now, whose timeout is by default the shutdown timeout,
  // but at most 5 s. Brokers that are away cost either at most the timeout; the report says what was not committed.
  StopReport stop(StopMode mode);
  StopReport stop(StopMode mode, std::chrono::milliseconds timeout);

  // Takes nothing more, finishes and commits what was taken, and stays a member of the groups, so that nothing is
  // rebalanced: for a deployment, or to look at something. For good: what follows is stop(). Returns at once;
  // state() says when it is done. Does nothing the second time. What the clients have fetched ahead stays there; a
  // message that fails for ever keeps it from being done; parked messages do not. Thread: any; also from consumers.
  void quiet() noexcept;
  [[nodiscard]] ApplicationState state() const;

  // What each thread, each partition and each virtual partition with work does, as text for people: keys of
  // messages are in it (at most 100 bytes of each), payloads and settings are not. Each connection writes its part
  // in its own turn; one that has not by the time limit is named. Thread: any, but for partitioners, reducers and
  // filters.
  [[nodiscard]] std::string dump(std::chrono::milliseconds patience = std::chrono::milliseconds(1000)) const;

  // The same as values (braid/snapshot.hpp), and how it was set up, with secrets hidden. Thread: as dump();
  // configuration() any.
  [[nodiscard]] ApplicationSnapshot snapshot(
      std::chrono::milliseconds patience = std::chrono::milliseconds(1000)) const;
  [[nodiscard]] ConfigurationSnapshot configuration() const;

  // What PartitionControl does, for whoever operates it: returns how many partitions were meant. Each connection
  // does it in its own turn. Errors: unknown_topic where none was, closed where the application does not run,
  // timed_out where a connection has not answered within a second (it does what it was asked then, later). Throws
  // as PartitionControl. Thread: as dump().
  Result<std::uint32_t> pause(const PartitionChoice& choice,
                              std::optional<std::chrono::milliseconds> duration = std::nullopt);
  Result<std::uint32_t> resume(const PartitionChoice& choice);
  Result<std::uint32_t> seek(const PartitionChoice& choice, const SeekTarget& target);

  // From now on; of the lines of the application, its clients included as far as they were asked for at the start.
  // Thread: any.
  void set_log_level(LogLevel level);

  // start(), then waits for request_stop(), a signal (see Settings::handle_signals) or a failure, then stop().
  // Throws ApplicationError for what start() would, and for a failure on the way.
  StopReport run();
  // Makes run() return. Thread: any; also from consumers.
  void request_stop() noexcept;

  // How many worker threads there are from now on, 1 to 10,000; before start(), how many it starts. More start at
  // once; surplus ones end as soon as they are free, so a job in user code is neither waited for nor cut short.
  // What follows from the number at the start, as the default of `max_partitions`, stays. Thread: any; also from
  // consumers. An error, which changes nothing: invalid_setting where there can't be so many, or where jobs run on
  // an executor of the host's, whose threads are its own to change; closed behind stop(). Where the system has not
  // so many threads, an error says so, and as many as it gave go on.
  Result<void> set_concurrency(std::uint32_t concurrency);
  // What it was set to last.
  [[nodiscard]] std::uint32_t concurrency() const;

  // Why the application can't go on, once that has happened: run() ends by it, a host that called start() asks here
  // and stops. Thread: any.
  [[nodiscard]] std::optional<std::string> failure() const;
  [[nodiscard]] Figures figures() const;
  // How even each topic of each consumer group is, in the order of the routes; all of them, from the beginning.
  [[nodiscard]] std::vector<TopicFigures> topic_figures() const;
  // Where to subscribe to what it does (braid/monitor.hpp): Settings::monitor, or its own. The first events of a
  // start are told to who has subscribed before it; stop() returns when all of them are delivered, or a second
  // later.
  [[nodiscard]] Monitor& monitor() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace braid
