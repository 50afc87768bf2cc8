#include "pass.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <system_error>

extern char** environ;

namespace braid::benchmarks {
namespace {

constexpr const char* kMark = "PASS";

std::vector<std::string> arguments(const PassRequest& request) {
  std::vector<std::string> all{"benchmark_throughput", "--pass", request.side == Side::raw ? "raw" : "braid"};
  const auto add = [&](const char* name, const auto& value) {
    std::ostringstream text;
    text << value;
    all.insert(all.end(), {name, text.str()});
  };
  add("--bootstrap", request.bootstrap);
  add("--topic", request.topic);
  add("--messages", request.messages);
  add("--max-messages", request.max_messages);
  add("--concurrency", request.concurrency);
  add("--commit-ms", request.commit_ms);
  if (request.touch) all.emplace_back("--touch");
  for (const auto& [key, value] : request.settings) add("--kafka", key + "=" + value);
  return all;
}

std::string read_all(int descriptor) {
  std::string text;
  std::array<char, 4096> part{};
  for (;;) {
    const ssize_t got = ::read(descriptor, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(part.data(), static_cast<std::size_t>(got));
  }
}

PassResult parse(const std::string& line) {
  std::istringstream in(line);
  std::string mark;
  PassResult result;
  std::size_t threads = 0;
  in >> mark >> result.seconds >> result.cpu_seconds >> result.messages >> result.checksum >> result.batches >>
      threads;
  for (std::size_t i = 0; i < threads; ++i) {
    ThreadTime time;
    in >> std::quoted(time.name) >> time.cpu_seconds >> time.voluntary_switches;
    result.threads.push_back(time);
  }
  if (!in || mark != kMark) throw std::runtime_error("a pass ended without a result: " + line);
  return result;
}

}  // namespace

PassResult run_in_child(const PassRequest& request) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  const std::vector<std::string> words = arguments(request);
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  pid_t child = 0;
  const int refused = ::posix_spawn(&child, "/proc/self/exe", &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  const std::string said = refused == 0 ? read_all(ends[0]) : "";
  ::close(ends[0]);
  if (refused != 0) throw std::system_error(refused, std::generic_category(), "starting a pass");
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw std::runtime_error("a pass failed" + (said.empty() ? "" : ": " + said));
  }
  return parse(said);
}

int serve_pass(const PassRequest& request) {
  try {
    const PassResult result = request.side == Side::raw ? run_raw(request) : run_braid(request);
    std::cout << kMark << ' ' << std::setprecision(9) << result.seconds << ' ' << result.cpu_seconds << ' '
              << result.messages << ' ' << result.checksum << ' ' << result.batches << ' ' << result.threads.size();
    for (const ThreadTime& time : result.threads) {
      std::cout << ' ' << std::quoted(time.name) << ' ' << time.cpu_seconds << ' ' << time.voluntary_switches;
    }
    std::cout << std::endl;
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}

}  // namespace braid::benchmarks
