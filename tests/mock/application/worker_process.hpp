#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace braid::application_test {

// A file in the temporary folder, gone with this object.
class TemporaryFile {
 public:
  TemporaryFile();
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A line of a worker's log, see worker_main.hpp.
struct WorkerLine {
  char kind = 0;  // m, h, e
  pid_t pid = 0;
  std::uint64_t generation = 0;
  std::int32_t partition = -1;
  std::uint32_t index = 0;
  std::int64_t offset = -1;
  std::int64_t nanoseconds = 0;
  std::string key;      // of hooks: the name
  std::string payload;  // of "e": "JUMPS TAKEN IN_TIME"
};
[[nodiscard]] std::vector<WorkerLine> read_worker_log(const std::string& path);

// A program worker_main(), as a process; killed, if it is still there, with this object, and when the process that
// started it ends.
// Thread: the test's.
class WorkerProcess {
 public:
  // `program` lies in the folder of the tests' programs.
  WorkerProcess(const std::string& program, const std::vector<std::string>& arguments);
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const;
  // What waitpid() says; nothing if it still runs at the deadline.
  std::optional<int> wait(std::chrono::milliseconds deadline);

 private:
  pid_t pid_ = -1;
  std::optional<int> status_;
};

}  // namespace braid::application_test
