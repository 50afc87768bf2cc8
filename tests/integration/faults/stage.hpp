#pragma once

#include "integration/faults/judge.hpp"
#include "integration/faults/numbered_producer.hpp"
#include "integration/faults/process_figures.hpp"
#include "integration/faults/three_nodes.hpp"
#include "mock/application/worker_process.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace braid::faults {

struct StageOptions {
  std::string flow = "continuous";
  std::string protocol = "cooperative";  // or eager, consumer
  int partitions = 6;
  std::uint32_t keys = 120;
  int messages_a_second = 1'500;
  bool proxied = false;  // the applications reach the nodes through the proxy, the producer directly
  std::chrono::milliseconds session{6'000};
  std::vector<std::string> arguments = {};  // more of the applications', as fault_worker.cpp takes them
  bool hangs = false;                       // messages can be made to hang
  int connections = 1;                      // of each application
  // Each application is a static member; one that starts takes the name of one that has ended.
  bool static_members = false;
  // The network may fail while one stops: it says then that positions were not acknowledged in time.
  bool late_stops = false;
  int backlog = 20'000;  // messages that the first application finds: about the most that failing leaves
};

// What a test plays on: a topic that is being written, applications that consume it, and what they write down.
// Thread: the test's, which must be the one that the process outlives: the applications end with it.
class Stage {
 public:
  explicit Stage(StageOptions options);
  // Shows the ends of the applications' logs where the test has failed.
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  [[nodiscard]] ThreeNodes& nodes() const { return nodes_; }
  [[nodiscard]] const std::string& topic() const { return topic_; }
  [[nodiscard]] const std::string& group() const { return group_; }
  [[nodiscard]] const StageOptions& options() const { return options_; }

  // Applications by number, from 0 on.
  std::size_t start_application();
  [[nodiscard]] application_test::WorkerProcess& application(std::size_t number) {
    return *applications_.at(number);
  }
  [[nodiscard]] std::size_t applications() const { return applications_.size(); }
  // SIGTERM; its exit status must be 0 in time. Records a failure otherwise.
  void end_application(std::size_t number);
  // SIGKILL.
  void kill_application(std::size_t number);

  // The next message that the application begins is worked on until let_go(). False: it has not begun one in 60 s.
  [[nodiscard]] bool hang(std::size_t number) const;
  void let_go(std::size_t number) const;
  // Assignments of virtual partitions that the application has given back.
  [[nodiscard]] std::size_t farewells(std::size_t number);
  // Waits until the application's log has a line with these words. False: not within 60 s.
  [[nodiscard]] bool says(std::size_t number, const std::string& words) const;

  // Begins to write, with so many messages at once.
  void open(std::uint64_t at_once = 0);
  // Starts that many applications, and begins to write: at first a backlog for the first of them alone. Waits until
  // all work and all is in its ways; keeps their figures. False: not in time.
  [[nodiscard]] bool begin(std::size_t applications);
  // Keeps the figures of the applications that run now instead.
  void keep_figures();
  // Prints what they are now.
  void tell_figures() const;
  // Waits until all that had been acknowledged at the call has been ended. False: not within 60 s.
  [[nodiscard]] bool caught_up();
  // Waits until so many more messages have been acknowledged, which is this stage's clock. False: not within 60 s.
  // Thread: any.
  [[nodiscard]] bool written(int messages) const;
  // Both, one after the other.
  [[nodiscard]] bool goes_on(int messages) { return written(messages) && caught_up(); }
  // Waits until the application has ended so many more messages. False: not within 60 s.
  [[nodiscard]] bool works(std::size_t number, std::size_t messages = 1);
  // Distinct messages that have been ended.
  [[nodiscard]] std::size_t ended();

  // Prints what has come so far, with the time since the stage was set up.
  void tell(const std::string& what) const;

  // Ends the writing, waits for the positions, compares the figures of the applications that have been there since
  // begin(), ends all in order, and judges. Records failures for all that must not be.
  Verdict close(const Expectation& expectation = {});

 private:
  [[nodiscard]] std::vector<std::string> arguments(std::size_t number);
  [[nodiscard]] std::string free_member_name();
  [[nodiscard]] std::string file_of(std::size_t number, const std::string& kind) const;
  void look();
  [[nodiscard]] std::size_t ended_by(std::size_t number);
  void compare_figures();
  [[nodiscard]] bool wait_for_positions();

  StageOptions options_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  ThreeNodes& nodes_;
  std::string topic_;
  std::string group_;
  std::string folder_;
  std::unique_ptr<JournalReader> journal_;
  std::size_t looked_ = 0;                // entries of the journal
  std::vector<std::vector<bool>> ended_;  // offsets, by partition
  std::vector<std::size_t> done_;         // by partition: all before it have been ended
  std::size_t distinct_ = 0;
  std::map<std::int32_t, std::size_t> ended_by_;   // messages, by process
  std::map<std::int32_t, std::size_t> farewells_;  // by process
  std::unique_ptr<NumberedProducer> producer_;
  std::vector<std::unique_ptr<application_test::WorkerProcess>> applications_;
  std::set<std::size_t> running_;
  std::map<std::size_t, std::string> member_names_;  // of those that run, where they are static members
  std::map<std::size_t, ProcessFigures> figures_;    // of those that still run
  std::map<std::size_t, ProcessFigures> warm_;       // of all
};

}  // namespace braid::faults
