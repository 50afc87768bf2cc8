#include "apps/braid/src/swarm.hpp"

#include "apps/braid/src/child_process.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ostream>
#include <system_error>

namespace braid::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kLookAtMemoryEach{1'000};

// The signals of this process as a descriptor; as they were when it goes.
class Signals {
 public:
  Signals() {
    sigset_t wanted;
    sigemptyset(&wanted);
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGTSTP, SIGTTIN, SIGCONT, SIGCHLD})
      sigaddset(&wanted, number);
    sigprocmask(SIG_BLOCK, &wanted, &before_);
    descriptor_ = Descriptor(::signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC));
    if (descriptor_.get() < 0) throw std::system_error(errno, std::generic_category(), "signalfd");
  }
  ~Signals() { sigprocmask(SIG_SETMASK, &before_, nullptr); }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  [[nodiscard]] int descriptor() const { return descriptor_.get(); }
  // The next one; 0: none.
  [[nodiscard]] int take() const {
    signalfd_siginfo info{};
    return ::read(descriptor_.get(), &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo) : 0;
  }

 private:
  sigset_t before_{};
  Descriptor descriptor_;
};

// The processes of a swarm, as its plan wants them. Thread: the caller's.
class Swarm {
 public:
  Swarm(const SwarmOptions& options, std::ostream& err)
      : options_(options),
        err_(err),
        program_(find_program(options.program)),
        plan_(options.rules, steady_clock::now()),
        children_(options.rules.processes) {}

  SwarmOutcome run() {
    while (true) {
      // What has come in goes first: a heartbeat that waits here must not be missed.
      read_beats();
      read_signals();
      reap();
      look_at_memory();
      obey(plan_.turn(steady_clock::now()));
      say_notes();
      if (plan_.over()) break;
      wait();
    }
    SwarmOutcome outcome{.nodes = {}, .ended_well = plan_.ended_well()};
    for (std::uint32_t node = 0; node < children_.size(); ++node) outcome.nodes.push_back(plan_.report(node));
    return outcome;
  }

 private:
  void say_notes() {
    for (const std::string& note : plan_.take_notes()) err_ << "swarm: " << note << '\n';
    err_.flush();
  }

  void obey(const std::vector<SwarmOrder>& orders) {
    for (const SwarmOrder& order : orders) {
      if (order.kind == SwarmOrder::Kind::start) {
        start(order.node);
      } else if (const Child& child = children_[order.node]; child.pid > 0) {
        ::kill(child.pid, order.signal);  // not reaped yet, so it is still itself
      }
    }
  }

  void start(std::uint32_t node) {
    ChildSpec spec{.program = program_,
                   .arguments = options_.arguments,
                   .environment = {{"BRAID_NODE", std::to_string(node)},
                                   {"BRAID_NODES", std::to_string(options_.rules.processes)}},
                   .heartbeat_variable = "BRAID_HEARTBEAT_FD"};
    if (!options_.group_instance_id.empty()) {
      spec.environment.emplace_back("BRAID_GROUP_INSTANCE_ID", options_.group_instance_id);
    }
    try {
      children_[node] = start_child(spec);
      err_ << "swarm: node " << node << " is process " << children_[node].pid << '\n';
      plan_.handle_started(node, steady_clock::now());
    } catch (const std::exception& error) {
      // It could be run a moment ago: a deployment may be under way.
      plan_.handle_start_failed(node, error.what(), steady_clock::now());
    }
  }

  void read_beats() {
    for (std::uint32_t node = 0; node < children_.size(); ++node) {
      if (children_[node].beats.get() < 0) continue;
      char bytes[256];
      ssize_t got = 0;
      while ((got = ::read(children_[node].beats.get(), bytes, sizeof bytes)) > 0) {
        // The last byte tells what holds now.
        if (bytes[got - 1] == 'e') {
          plan_.handle_last_beat(node);
        } else {
          plan_.handle_beat(node, steady_clock::now());
        }
      }
      if (got < 0) continue;
      // Closed: whoever held it sends no more.
      children_[node].beats.close();
      plan_.handle_last_beat(node);
    }
  }

  void read_signals() {
    while (const int number = signals_.take()) {
      if (number == SIGCHLD) continue;
      err_ << "swarm: signal " << number << " is passed on\n";
      plan_.handle_signal(number, steady_clock::now());
    }
  }

  void reap() {
    while (const auto ended = reap_child()) {
      const auto found = std::find_if(children_.begin(), children_.end(),
                                      [&](const Child& child) { return child.pid == ended->pid; });
      // As a container's first process one is left the orphans of others.
      if (found == children_.end()) continue;
      *found = Child{};
      plan_.handle_ended(static_cast<std::uint32_t>(found - children_.begin()), ended->status, steady_clock::now());
    }
  }

  void look_at_memory() {
    const auto now = steady_clock::now();
    if (options_.rules.memory_limit == 0 || now < next_memory_) return;
    next_memory_ = now + kLookAtMemoryEach;
    for (std::uint32_t node = 0; node < children_.size(); ++node) {
      if (children_[node].pid > 0) plan_.handle_resident(node, resident_bytes(children_[node].pid), now);
    }
  }

  void wait() {
    std::vector<pollfd> wanted{{signals_.descriptor(), POLLIN, 0}};
    for (const Child& child : children_) {
      if (child.beats.get() >= 0) wanted.push_back({child.beats.get(), POLLIN, 0});
    }
    auto until = plan_.wakes_at();
    if (options_.rules.memory_limit > 0) until = std::min(until.value_or(next_memory_), next_memory_);
    int timeout = -1;
    if (until) {
      const auto left = std::chrono::ceil<milliseconds>(*until - steady_clock::now());
      timeout = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3'600'000));
    }
    ::poll(wanted.data(), wanted.size(), timeout);
  }

  const SwarmOptions& options_;
  std::ostream& err_;
  const std::string program_;
  const Signals signals_;
  SwarmPlan plan_;
  std::vector<Child> children_;  // by node; pid 0: none
  SwarmTime next_memory_{};
};

}  // namespace

SwarmOutcome run_swarm(const SwarmOptions& options, std::ostream& err) {
  return Swarm(options, err).run();
}

void print(const SwarmOutcome& outcome, std::ostream& out) {
  NodeReport all;
  std::uint32_t given_up = 0;
  for (std::size_t node = 0; node < outcome.nodes.size(); ++node) {
    const NodeReport& each = outcome.nodes[node];
    out << "node " << node << ": " << each.starts << (each.starts == 1 ? " start" : " starts");
    for (const auto& [how, count] : each.ends) out << ", ended " << how << " x " << count;
    const auto tell = [&out](const char* what, std::uint32_t count) {
      if (count > 0) out << "; " << what << " x " << count;
    };
    tell("crashed", each.crashed);
    tell("stuck", each.stuck);
    tell("over the memory limit", each.over_memory);
    tell("finished", each.finished);
    tell("killed", each.killed);
    tell("could not be started", each.start_failures);
    out << (each.given_up ? "; given up\n" : "\n");
    all.starts += each.starts;
    all.crashed += each.crashed;
    all.stuck += each.stuck;
    all.over_memory += each.over_memory;
    all.killed += each.killed;
    given_up += each.given_up ? 1 : 0;
  }
  out << "RESULT name=swarm processes=" << outcome.nodes.size() << " starts=" << all.starts
      << " crashed=" << all.crashed << " stuck=" << all.stuck << " memory=" << all.over_memory
      << " killed=" << all.killed << " given_up=" << given_up << " ended_well=" << (outcome.ended_well ? 1 : 0)
      << '\n';
  out.flush();
}

}  // namespace braid::app
