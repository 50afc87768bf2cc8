#include "mock/application/worker_process.hpp"

#include "mock/application/eventually.hpp"
#include "tests/lib/paths.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace braid::application_test {

TemporaryFile::TemporaryFile() : path_((std::filesystem::temp_directory_path() / "braid-XXXXXX").string()) {
  const int file = ::mkstemp(path_.data());
  if (file < 0) throw std::runtime_error(path_ + ": " + std::strerror(errno));
  ::close(file);
}

TemporaryFile::~TemporaryFile() {
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

std::vector<WorkerLine> read_worker_log(const std::string& path) {
  std::vector<WorkerLine> lines;
  std::ifstream file(path);
  for (std::string text; std::getline(file, text);) {
    if (file.eof()) break;  // not yet whole
    std::istringstream in(text);
    WorkerLine line;
    in >> line.kind >> line.pid;
    if (line.kind == 'm') {
      in >> line.generation >> line.partition >> line.index >> line.offset >> line.nanoseconds >> line.key >>
          line.payload;
    } else if (line.kind == 'h') {
      in >> line.key >> line.partition;
    } else {
      in.get();
      std::getline(in, line.payload);
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

WorkerProcess::WorkerProcess(const std::string& program, const std::vector<std::string>& arguments) {
  const std::string path = test_paths::program(program);
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
    ::execv(path.c_str(), values.data());
    ::_exit(127);
  }
}

WorkerProcess::~WorkerProcess() {
  if (status_) return;
  ::kill(pid_, SIGKILL);
  int status = 0;
  ::waitpid(pid_, &status, 0);
}

void WorkerProcess::signal(int number) const {
  if (!status_) ::kill(pid_, number);
}

std::optional<int> WorkerProcess::wait(std::chrono::milliseconds deadline) {
  (void)eventually(
      [&] {
        int status = 0;
        if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_) status_ = status;
        return status_.has_value();
      },
      deadline);
  return status_;
}

}  // namespace braid::application_test
