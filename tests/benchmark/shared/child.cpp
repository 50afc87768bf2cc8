#include "child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <stdexcept>
#include <system_error>

extern char** environ;

namespace braid::benchmarks {
namespace {

using Clock = std::chrono::steady_clock;

// All until the other end is closed; nothing when the deadline comes first.
std::optional<std::string> read_all(int descriptor, Clock::time_point deadline) {
  std::string text;
  std::array<char, 4096> part{};
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return std::nullopt;
    pollfd waiting{descriptor, POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(left)) <= 0) continue;
    const ssize_t got = ::read(descriptor, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(part.data(), static_cast<std::size_t>(got));
  }
}

// The status of the child; it is killed where it has not ended at the deadline.
int wait_for(pid_t child, Clock::time_point deadline) {
  int status = 0;
  for (;;) {
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    if (ended == child || (ended < 0 && errno != EINTR)) return status;
    if (Clock::now() >= deadline) ::kill(child, SIGKILL);
    ::poll(nullptr, 0, 2);
  }
}

}  // namespace

std::string run_self(const std::vector<std::string>& arguments, std::chrono::seconds limit) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  std::vector<char*> argv{const_cast<char*>("benchmark")};
  for (const std::string& word : arguments) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  pid_t child = 0;
  const int refused = ::posix_spawn(&child, "/proc/self/exe", &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  if (refused != 0) {
    ::close(ends[0]);
    throw std::system_error(refused, std::generic_category(), "starting a child");
  }
  const auto deadline = Clock::now() + limit;
  const auto said = read_all(ends[0], deadline);
  ::close(ends[0]);
  const int status = wait_for(child, deadline);
  if (!said) {
    throw std::runtime_error("a child was killed: it had not ended after " + std::to_string(limit.count()) + " s");
  }
  if (WIFSIGNALED(status)) throw std::runtime_error("a child ended by signal " + std::to_string(WTERMSIG(status)));
  if (WEXITSTATUS(status) != 0) throw std::runtime_error(said->empty() ? "a child failed" : *said);
  return *said;
}

void end_with_parent() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
}

}  // namespace braid::benchmarks
