#include "apps/braid/src/child_process.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <system_error>

extern char** environ;

namespace braid::app {
namespace {

[[noreturn]] void throw_system(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

CannotRun cannot_run(const std::string& program, int error) {
  const bool missing = error == ENOENT || error == ENOTDIR;
  return {missing ? ExitStatus::not_found : ExitStatus::not_executable,
          program + ": " + (missing ? "program not found" : std::strerror(error))};
}

// 0, or why the file can't be executed.
int why_not(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return errno;
  if (S_ISDIR(found.st_mode)) return EISDIR;
  return ::access(path.c_str(), X_OK) == 0 ? 0 : errno;
}

std::pair<Descriptor, Descriptor> make_pipe(int flags) {
  int ends[2];
  if (::pipe2(ends, flags) != 0) throw_system("pipe");
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

// Ours, with what the child is told in the place of what it would have inherited.
std::vector<std::string> environment_of(const ChildSpec& spec, int heartbeat) {
  auto changes = spec.environment;
  if (!spec.heartbeat_variable.empty()) changes.emplace_back(spec.heartbeat_variable, std::to_string(heartbeat));
  std::vector<std::string> all;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string_view line = *each;
    bool changed = false;
    for (const auto& [name, value] : changes) changed = changed || line.starts_with(name + "=");
    if (!changed) all.emplace_back(line);
  }
  for (const auto& [name, value] : changes) all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

struct Prepared {
  const char* program;
  char** arguments;
  char** environment;
  int heartbeat;
  int failure;
  pid_t parent;
};

// In the copy of a process, so only what a signal handler may do. Tells `failure` why it could not.
[[noreturn]] void become(const Prepared& what) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != what.parent) ::_exit(126);  // it died before the signal was set
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGTSTP, SIGTTIN, SIGCONT, SIGCHLD, SIGPIPE, SIGABRT}) {
    std::signal(number, SIG_DFL);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int nothing = ::open("/dev/null", O_RDONLY);
  if (nothing >= 0 && nothing != STDIN_FILENO) {
    ::dup2(nothing, STDIN_FILENO);
    ::close(nothing);
  }
  ::fcntl(what.heartbeat, F_SETFD, 0);
  ::execve(what.program, what.arguments, what.environment);
  const int error = errno;
  [[maybe_unused]] const auto written = ::write(what.failure, &error, sizeof error);
  ::_exit(126);
}

}  // namespace

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

std::string find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    if (const int error = why_not(name); error != 0) throw cannot_run(name, error);
    return name;
  }
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "/usr/bin:/bin" : path);
  int worst = ENOENT;
  for (std::string folder; !name.empty() && std::getline(folders, folder, ':');) {
    const std::string file = (folder.empty() ? "." : folder) + "/" + name;
    const int error = why_not(file);
    if (error == 0) return file;
    if (error != ENOENT && error != ENOTDIR) worst = error;
  }
  throw cannot_run(name.empty() ? "''" : name, worst);
}

Child start_child(const ChildSpec& spec) {
  auto [beats, heartbeat] = make_pipe(O_CLOEXEC | O_NONBLOCK);
  auto [failure, failed] = make_pipe(O_CLOEXEC);
  std::vector<std::string> words{spec.program};
  words.insert(words.end(), spec.arguments.begin(), spec.arguments.end());
  std::vector<std::string> variables = environment_of(spec, heartbeat.get());
  const std::vector<char*> arguments = pointers(words);
  const std::vector<char*> environment = pointers(variables);
  const Prepared prepared{.program = spec.program.c_str(),
                          .arguments = const_cast<char**>(arguments.data()),
                          .environment = const_cast<char**>(environment.data()),
                          .heartbeat = heartbeat.get(),
                          .failure = failed.get(),
                          .parent = ::getpid()};
  const pid_t pid = ::fork();
  if (pid < 0) throw_system("fork");
  if (pid == 0) become(prepared);
  ::setpgid(pid, pid);  // whoever is first; so that it has its group when the first signal comes
  failed.close();
  int error = 0;
  ssize_t got = 0;
  while ((got = ::read(failure.get(), &error, sizeof error)) < 0 && errno == EINTR) {
  }
  if (got == static_cast<ssize_t>(sizeof error)) {
    ::waitpid(pid, nullptr, 0);
    throw cannot_run(spec.program, error);
  }
  return {pid, std::move(beats)};
}

std::optional<EndedChild> reap_child() {
  siginfo_t info{};
  // Looked at before it is taken away: as long as it is there, its number is nobody else's.
  if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return std::nullopt;
  ::kill(-info.si_pid, SIGKILL);  // what it has left behind in its group
  int status = 0;
  if (::waitpid(info.si_pid, &status, 0) != info.si_pid) return std::nullopt;
  EndedChild ended{.pid = info.si_pid};
  if (WIFSIGNALED(status)) {
    ended.status.signal = WTERMSIG(status);
  } else {
    ended.status.code = WEXITSTATUS(status);
  }
  return ended;
}

std::uint64_t resident_bytes(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
  std::uint64_t all = 0;
  std::uint64_t resident = 0;
  if (!(file >> all >> resident)) return 0;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace braid::app
