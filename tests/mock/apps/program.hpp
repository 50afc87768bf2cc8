#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace braid::app_test {

// The applications' executables.
[[nodiscard]] std::string clickstream_program();
[[nodiscard]] std::string embedded_cluster_program();
[[nodiscard]] std::string braid_program();

// A program as a process, with what it writes; killed, if it is still there, with this object, and when the process
// that started it ends.
// Thread: the test's.
class Program {
 public:
  // `path` may be a mere name, which PATH is searched for. What it reads from its standard input is `input`.
  Program(const std::string& path, const std::vector<std::string>& arguments, const std::string& input = {});
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void signal(int number) const;
  // Its exit status, 128 + the signal that killed it, or nothing if it still runs at the deadline. 127: it could
  // not be started.
  std::optional<int> wait(std::chrono::milliseconds deadline);
  // What it has written so far.
  [[nodiscard]] std::string out() const { return text_of("out"); }
  [[nodiscard]] std::string err() const { return text_of("err"); }

 private:
  [[nodiscard]] std::string text_of(const char* name) const;

  std::filesystem::path folder_;  // ours: in, out, err
  pid_t pid_ = -1;
  std::optional<int> status_;
};

}  // namespace braid::app_test
