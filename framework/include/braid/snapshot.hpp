#pragma once

#include <braid/application_state.hpp>
#include <braid/figures.hpp>
#include <braid/topic_figures.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What an application does at one moment, as plain values: Application::snapshot(). What is read together is of one
// moment for each connection, and need not be for all of them. Thread: values; as any.

namespace braid {

// What a virtual partition with work does.
enum class WorkState : std::uint8_t {
  running,  // in user code
  ticket,   // its call has returned, and what it deferred is not settled
  letters,  // dead letters of it are not acknowledged
  retry,    // until it is due
  queued,   // for the pool, a cap, or the end of a pause
  hook,     // in user code that is a hook
  farewell  // the last one
};

// One virtual partition that has something.
struct WorkSnapshot {
  std::uint32_t virtual_partition = 0;
  WorkState state = WorkState::queued;
  std::uint64_t messages = 0;      // of its share that are not done; 0: nobody can tell
  std::uint64_t queued = 0;        // behind that share, with `flow: continuous`
  std::int64_t first_offset = -1;  // of its share; -1: none
  std::int64_t last_offset = -1;
  std::optional<std::string> key{};                        // of the first one, at most 100 bytes
  std::optional<std::chrono::milliseconds> running_for{};  // in user code, or deferred
  std::optional<std::chrono::milliseconds> retry_in{};     // until then
  std::int64_t thread = 0;                                 // in user code: the system's number of it; 0: none
};

// How far a partition has come since it was assigned.
enum class PartitionStage : std::uint8_t {
  reading_position,  // what the group has stored is asked for
  waiting_for_jobs,  // of an earlier assignment, or for the client
  running,
  ending,
};

struct PartitionSnapshot {
  std::string topic{};
  std::int32_t partition = 0;
  std::uint64_t generation = 0;
  PartitionStage stage = PartitionStage::reading_position;
  bool held = false;  // by a pause or a seek: nothing of it starts
  // Offsets; none: not known yet.
  std::optional<std::int64_t> committed{};     // acknowledged, or what it started from
  std::optional<std::int64_t> position{};      // what may be committed
  std::optional<std::int64_t> taken_to{};      // the next one to take from the client
  std::optional<std::int64_t> end{};           // of the log, by what was fetched last
  std::optional<std::int64_t> oldest_open{};   // none: nothing is open
  std::optional<std::int64_t> highest_done{};  // of this assignment
  // In offsets, to the end of the log: from the committed position, and behind the last one that is done.
  std::optional<std::int64_t> committed_lag{};
  std::optional<std::int64_t> processed_lag{};
  std::optional<std::chrono::milliseconds> oldest_open_age{};  // since it was taken, within a second
  // Messages.
  std::uint64_t open = 0;                                   // delivered and not done
  std::uint64_t waiting = 0;                                // here, and no job has them
  std::uint64_t fetched = 0;                                // at the client, and not taken
  std::uint64_t parked = 0;                                 // given up for now
  std::uint64_t letters = 0;                                // dead letters on their way
  std::uint64_t bytes_held = 0;                             // keys and payloads
  std::uint64_t jobs_waiting = 0;                           // for the pool or a cap
  bool has_room = true;                                     // takes more
  bool waits_for_commit = false;                            // nothing starts before one is acknowledged
  std::optional<std::uint32_t> full_queue{};                // the virtual partition whose queue is full
  std::optional<std::chrono::milliseconds> filtered_for{};  // what comes next waits for a filter
  std::uint32_t max_virtual_partitions = 0;
  std::vector<WorkSnapshot> work{};  // by virtual partition, at most 256 of them
  std::uint64_t work_left_out = 0;   // so many more have something
};

// What a connection does.
enum class ConnectionState : std::uint8_t {
  looking_for_broker,
  running,
  quieting,     // finishes what it has, to be quiet
  quiet,        // has finished it
  away,         // out of its group until something has returned that runs for too long
  rebalancing,  // ends partitions
  draining,     // to stop
  leaving,      // its group
  ended,
  silent,  // has not answered in time: its thread is busy, or blocked
};

struct ConnectionSnapshot {
  std::string name{};  // of its thread
  ConnectionState state = ConnectionState::silent;
  std::string consumer_group{};      // empty: it has not answered
  std::string subscription_group{};  // likewise
  std::uint64_t jobs_waiting = 0;    // for the pool
  std::vector<PartitionSnapshot> partitions{};
  // Jobs of assignments that are over.
  struct Earlier {
    std::string topic{};
    std::int32_t partition = 0;
    std::uint64_t generation = 0;
    WorkSnapshot work{};
  };
  std::vector<Earlier> earlier{};
};

struct ApplicationSnapshot {
  std::chrono::system_clock::time_point taken_at{};
  ApplicationState state = ApplicationState::idle;
  std::optional<std::string> failure{};  // why it can't go on
  std::string client_id{};
  std::uint32_t concurrency = 0;
  Figures figures{};
  std::vector<TopicFigures> topics{};
  std::vector<ConnectionSnapshot> connections{};
};

// How it was set up, with secrets hidden.
struct ConfigurationSnapshot {
  struct Setting {
    std::string name{};
    std::string value{};
  };
  std::vector<Setting> settings{};  // of the application, by the names of braid::Settings
  std::vector<Setting> kafka{};     // of its clients, by librdkafka's names
  std::string routes{};             // as routing::describe() tells them
};

// As JSON has them: `running`, `reading_position`, `looking_for_broker`.
[[nodiscard]] std::string_view name_of(WorkState state);
[[nodiscard]] std::string_view name_of(PartitionStage stage);
[[nodiscard]] std::string_view name_of(ConnectionState state);
[[nodiscard]] std::string_view name_of(ApplicationState state);

}  // namespace braid
