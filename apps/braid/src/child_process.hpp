#pragma once

#include "apps/braid/src/exit_status.hpp"
#include "apps/braid/src/swarm_plan.hpp"

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

// Processes of a swarm, as far as the system is concerned. Thread: one, the same for all; children die with it.

namespace braid::app {

// A program that can't be run, and what the exit status says of it.
class CannotRun : public std::runtime_error {
 public:
  CannotRun(ExitStatus status, const std::string& text) : std::runtime_error(text), status_(status) {}
  [[nodiscard]] ExitStatus status() const { return status_; }

 private:
  ExitStatus status_;
};

// Owns a file descriptor. -1: none.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor();
  [[nodiscard]] int get() const { return number_; }
  void close() { *this = Descriptor(); }

 private:
  int number_;
};

// The file that a command's name means: itself where it has a slash, else the first one in PATH that may be
// executed. Throws CannotRun, not_found or not_executable, where there is none.
[[nodiscard]] std::string find_program(const std::string& name);

struct ChildSpec {
  std::string program{};                                           // as find_program() gives it
  std::vector<std::string> arguments{};                            // without the program's name
  std::vector<std::pair<std::string, std::string>> environment{};  // over ours
  // Names the variable that tells the child the descriptor to send its heartbeats to.
  std::string heartbeat_variable{};
};

struct Child {
  pid_t pid = 0;
  Descriptor beats{};  // non-blocking, for reading
};

// Starts a program in a process group of its own, so that a terminal's signals reach the supervisor alone; with
// nothing to read, our output, and the signals as they are by default. The kernel kills it with SIGKILL when this
// thread ends, however that happens. Throws CannotRun where the program can't be executed, std::system_error where
// there is no process or descriptor to be had.
[[nodiscard]] Child start_child(const ChildSpec& spec);

// A child that has ended, and no longer exists; nothing of its process group does either. None: all run on.
struct EndedChild {
  pid_t pid = 0;
  ChildStatus status{};
};
[[nodiscard]] std::optional<EndedChild> reap_child();

// The resident size of a process, in bytes; 0 where it can't be told.
[[nodiscard]] std::uint64_t resident_bytes(pid_t pid);

}  // namespace braid::app
