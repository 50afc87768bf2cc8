#include "mock/apps/program.hpp"

#include "mock/application/eventually.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace braid::app_test {

std::string clickstream_program() {
  return BRAID_CLICKSTREAM_PROGRAM;
}

std::string embedded_cluster_program() {
  return BRAID_EMBEDDED_CLUSTER_PROGRAM;
}

std::string braid_program() {
  return BRAID_PROGRAM;
}

Program::Program(const std::string& path, const std::vector<std::string>& arguments, const std::string& input) {
  std::string folder = (std::filesystem::temp_directory_path() / "braid-program-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error(folder + ": " + std::strerror(errno));
  folder_ = folder;
  std::ofstream(folder_ / "in", std::ios::binary) << input;
  const std::string in = folder_ / "in";
  const std::string out = folder_ / "out";
  const std::string err = folder_ / "err";
  std::vector<char*> values{const_cast<char*>(path.c_str())};
  for (const std::string& argument : arguments) values.push_back(const_cast<char*>(argument.c_str()));
  values.push_back(nullptr);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error(std::string("fork: ") + std::strerror(errno));
  if (pid_ == 0) {
    // Only what a copy of one thread may do.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(126);
    constexpr int kCreate = O_WRONLY | O_CREAT | O_APPEND;
    ::dup2(::open(in.c_str(), O_RDONLY | O_CLOEXEC), STDIN_FILENO);
    ::dup2(::open(out.c_str(), kCreate | O_CLOEXEC, 0600), STDOUT_FILENO);
    ::dup2(::open(err.c_str(), kCreate | O_CLOEXEC, 0600), STDERR_FILENO);
    ::execvp(path.c_str(), values.data());
    ::_exit(127);
  }
}

Program::~Program() {
  if (!status_) {
    ::kill(pid_, SIGKILL);
    int status = 0;
    ::waitpid(pid_, &status, 0);
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void Program::signal(int number) const {
  if (!status_) ::kill(pid_, number);
}

std::optional<int> Program::wait(std::chrono::milliseconds deadline) {
  (void)application_test::eventually(
      [&] {
        int status = 0;
        if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_) {
          status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
        return status_.has_value();
      },
      deadline);
  return status_;
}

std::string Program::text_of(const char* name) const {
  std::ifstream file(folder_ / name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace braid::app_test
