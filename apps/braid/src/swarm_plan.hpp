#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace braid::app {

using SwarmTime = std::chrono::steady_clock::time_point;

// What `braid swarm` goes by.
struct SwarmRules {
  std::uint32_t processes = 1;
  // Whether a process that has ended with 0, without being told to, is started again.
  bool restart_finished = false;
  // Beyond this resident size, in bytes, a process is told to end, and started again. 0: there is no limit. One
  // process at a time, so that the others go on.
  std::uint64_t memory_limit = 0;
  // A process that has sent heartbeats and sends none for so long is stuck. 0: nobody looks. One that never sends
  // any is not watched: it may be no program of Braid's.
  std::chrono::milliseconds stuck_after{30'000};
  // What is stuck gets SIGTTIN, for a dump; after this, unless it moves again, SIGABRT; after that, SIGKILL.
  std::chrono::milliseconds dump_wait{1'000};
  std::chrono::milliseconds abort_wait{5'000};
  // What was told to end and has not by then gets SIGKILL. Above an application's shutdown_timeout, 30 s by
  // default.
  std::chrono::milliseconds stop_timeout{40'000};
  // The wait before a process that has failed is started again: twice as long each time, up to a most. Below the
  // session timeout of static members, which are to be back in time. Who has lived for `stable_after` begins anew.
  std::chrono::milliseconds backoff{500};
  std::chrono::milliseconds backoff_max{10'000};
  std::chrono::milliseconds stable_after{60'000};
  // So many failures without a stable life in between, and a process is not started any more. 0: it always is.
  std::uint32_t max_failures = 0;
};

// How a process ended: by itself, or by a signal.
struct ChildStatus {
  std::optional<int> signal{};
  int code = 0;
  [[nodiscard]] bool success() const { return !signal && code == 0; }
};
// "with 3", "by signal 9".
[[nodiscard]] std::string to_text(const ChildStatus& status);

// What the plan wants done.
struct SwarmOrder {
  enum class Kind : std::uint8_t { start, send };
  Kind kind = Kind::start;
  std::uint32_t node = 0;
  int signal = 0;  // with Kind::send
  bool operator==(const SwarmOrder&) const = default;
};

// What has become of one node.
struct NodeReport {
  std::uint32_t starts = 0;
  std::uint32_t start_failures = 0;
  std::uint32_t stuck = 0;
  std::uint32_t over_memory = 0;
  std::uint32_t crashed = 0;                    // ended otherwise than with 0, untold
  std::uint32_t finished = 0;                   // ended with 0, untold
  std::uint32_t killed = 0;                     // by SIGKILL of ours
  std::map<std::string, std::uint32_t> ends{};  // by how: "with 0", "by signal 9"
  bool given_up = false;
  bool ended_well = true;  // the last end
};

// Decides for every process of a swarm when it is started, warned, killed and left alone. Processes are nodes, by
// number from 0; a node keeps its number over restarts.
//
//   waiting ─▶ running ─▶ stopping ──────────────┬─▶ dying ─▶ (ended) ─▶ waiting, or over
//                 ▲  └──▶ dumping ──▶ aborting ──┘
//                 └─────────┘ moves again
//
// Pure: it is told what happened and when, and says what to do.
// Thread: a value; the supervisor's.
class SwarmPlan {
 public:
  explicit SwarmPlan(const SwarmRules& rules, SwarmTime now);

  // What has happened.
  void handle_started(std::uint32_t node, SwarmTime now);
  void handle_start_failed(std::uint32_t node, const std::string& why, SwarmTime now);
  void handle_ended(std::uint32_t node, const ChildStatus& status, SwarmTime now);
  void handle_beat(std::uint32_t node, SwarmTime now);
  // It means to send none for now.
  void handle_last_beat(std::uint32_t node);
  void handle_resident(std::uint32_t node, std::uint64_t bytes, SwarmTime now);
  // The supervisor got it. SIGTERM and SIGINT end the swarm, and the second of them kills; all others are passed
  // on.
  void handle_signal(int number, SwarmTime now);

  // What is to be done now, in order; told once. Starts are answered by handle_started() or handle_start_failed().
  [[nodiscard]] std::vector<SwarmOrder> turn(SwarmTime now);
  // Lines for people about what was decided; told once.
  [[nodiscard]] std::vector<std::string> take_notes();
  // When turn() has something to say by time alone.
  [[nodiscard]] std::optional<SwarmTime> wakes_at() const;
  // Nothing runs, and nothing will.
  [[nodiscard]] bool over() const;
  [[nodiscard]] bool stopping() const { return stop_signal_.has_value(); }
  // Behind over(): every process ended as it should.
  [[nodiscard]] bool ended_well() const;
  [[nodiscard]] const NodeReport& report(std::uint32_t node) const { return nodes_.at(node).report; }

 private:
  enum class Phase : std::uint8_t { waiting, starting, running, stopping, dumping, aborting, dying, over };
  enum class Why : std::uint8_t { none, memory, stuck };  // it is being ended by us, while the swarm goes on

  struct Node {
    Phase phase = Phase::waiting;
    SwarmTime due{};  // when the phase ends by time; not of `running`, `dying` and `over`
    SwarmTime started{};
    std::optional<SwarmTime> last_beat{};
    std::uint32_t failures = 0;  // since the last stable life
    Why why = Why::none;
    NodeReport report{};
  };

  [[nodiscard]] static bool alive(const Node& node);
  void note(std::uint32_t node, const std::string& text);
  void send(std::uint32_t node, int number);
  void stop(std::uint32_t node, int number, SwarmTime now);
  void kill(std::uint32_t node);
  void turn_node(std::uint32_t node, SwarmTime now);
  // `failed`: it counts towards max_failures.
  void start_again(std::uint32_t node, bool failed, const std::string& what, SwarmTime now);
  [[nodiscard]] bool restarts_for_memory() const;

  const SwarmRules rules_;
  std::vector<Node> nodes_;
  std::vector<SwarmOrder> orders_;
  std::vector<std::string> notes_;
  std::optional<int> stop_signal_;
};

}  // namespace braid::app
