#include "kafka_cluster.hpp"

#include "tests/lib/paths.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <stdexcept>
#include <utility>

extern char** environ;

namespace braid::integration {
namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

fs::path serve_program() {
  if (const auto given = environment("BRAID_KAFKA_SERVE"); !given.empty()) return given;
  return test_paths::source("tests/integration/kafka/serve");
}

std::runtime_error system_failure(const std::string& what, int error) {
  return std::runtime_error(what + ": " + std::strerror(error));
}

// `serve` writes a newline as \n and a backslash as \\, so that an answer is one line.
std::string unescape(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      ++i;
      plain += text[i] == 'n' ? '\n' : text[i];
    } else {
      plain += text[i];
    }
  }
  return plain;
}

std::vector<std::string> arguments(const KafkaClusterOptions& options) {
  std::vector<std::string> words = {serve_program().string(),
                                    "--control",
                                    "--parent",
                                    std::to_string(::getpid()),
                                    "--nodes",
                                    std::to_string(options.nodes),
                                    "--heap",
                                    options.heap,
                                    "--deadline",
                                    std::to_string(options.deadline.count())};
  std::string fronts;
  for (const int port : options.fronts) fronts += (fronts.empty() ? "" : ",") + std::to_string(port);
  if (!fronts.empty()) {
    words.push_back("--front");
    words.push_back(fronts);
  }
  for (const auto& [name, value] : options.settings) {
    words.push_back("--set");
    words.push_back(name + "=" + value);
  }
  for (const auto& [name, protocol] : options.listeners) words.push_back("--listener=" + name + ":" + protocol);
  for (const auto& [user, password] : options.scram_users) words.push_back("--scram=" + user + ":" + password);
  if (!options.libs.empty()) words.push_back("--libs=" + options.libs);
  return words;
}

// Starts the program with `socket` as its stdin and stdout, in a process group of its own: a signal for this
// program's group must not reach the supervisor before it has cleaned up.
pid_t spawn(std::vector<std::string> words, int socket) {
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, socket, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, socket, STDOUT_FILENO);

  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t ends;
  sigemptyset(&none);
  sigemptyset(&ends);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD}) sigaddset(&ends, number);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &ends);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);

  pid_t child = 0;
  const int error = posix_spawn(&child, argv[0], &files, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) throw system_failure("cannot start " + words[0], error);
  return child;
}

}  // namespace

// The process that runs `serve`, and the line protocol with it.
class KafkaCluster::Supervisor {
 public:
  explicit Supervisor(const KafkaClusterOptions& options)
      // The supervisor keeps its own deadline and explains a failure; ours only has to be the later one.
      : answer_deadline_(options.deadline + std::chrono::seconds(30)), nodes_(options.nodes), owner_(::getpid()) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) throw system_failure("socketpair", errno);
    socket_ = ends[0];
    try {
      pid_ = spawn(arguments(options), ends[1]);
    } catch (...) {
      ::close(ends[0]);
      ::close(ends[1]);
      throw;
    }
    ::close(ends[1]);
    try {
      const std::string line = read_line();
      const std::string mark = "bootstrap=";
      if (!line.starts_with(mark)) throw std::runtime_error("real Kafka did not start: " + unescape(line));
      bootstrap_ = line.substr(mark.size());
    } catch (...) {
      end();
      throw;
    }
  }

  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  ~Supervisor() { end(); }

  // Sends one command; returns the text of its answer.
  std::string ask(const std::string& command) {
    const std::lock_guard lock(mutex_);
    if (::getpid() != owner_) throw std::logic_error("a Kafka cluster belongs to the process that started it");
    const std::string line = command + "\n";
    std::size_t sent = 0;
    while (sent < line.size()) {
      const ssize_t count = ::send(socket_, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) throw system_failure("the Kafka supervisor is gone", errno);
      sent += static_cast<std::size_t>(count);
    }
    const std::string answer = read_line();
    if (answer == "ok") return "";
    if (answer.starts_with("ok ")) return unescape(answer.substr(3));
    throw std::runtime_error("Kafka: " + command + ": " + unescape(answer));
  }

  const std::string& bootstrap() const { return bootstrap_; }
  int nodes() const { return nodes_; }
  pid_t pid() const { return pid_; }

 private:
  // Throws when the supervisor says nothing until the deadline, or ends.
  std::string read_line() {
    const auto deadline = steady_clock::now() + answer_deadline_;
    while (true) {
      if (const auto end = received_.find('\n'); end != std::string::npos) {
        std::string line = received_.substr(0, end);
        received_.erase(0, end + 1);
        return line;
      }
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
      if (left.count() <= 0) throw std::runtime_error("the Kafka supervisor does not answer");
      pollfd waiting{socket_, POLLIN, 0};
      if (::poll(&waiting, 1, static_cast<int>(left.count())) <= 0) continue;
      char data[4096];
      const ssize_t count = ::read(socket_, data, sizeof data);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) throw std::runtime_error("the Kafka supervisor ended; its reason, if any, is on stderr");
      received_.append(data, static_cast<std::size_t>(count));
    }
  }

  // The end of the stream is the order to kill the nodes and remove the folder.
  void end() noexcept {
    if (::getpid() != owner_) {
      ::close(socket_);
      return;
    }
    ::shutdown(socket_, SHUT_RDWR);
    ::close(socket_);
    const auto deadline = steady_clock::now() + std::chrono::seconds(20);
    while (::waitpid(pid_, nullptr, WNOHANG) == 0) {
      if (steady_clock::now() > deadline) {
        ::kill(pid_, SIGKILL);  // its nodes die with it
        ::waitpid(pid_, nullptr, 0);
        return;
      }
      ::poll(nullptr, 0, 5);
    }
  }

  const std::chrono::milliseconds answer_deadline_;
  const int nodes_;
  const pid_t owner_;
  int socket_ = -1;
  pid_t pid_ = 0;
  std::string bootstrap_;

  std::mutex mutex_;  // one command and its answer at a time
  std::string received_;
};

std::optional<std::string> KafkaCluster::available() {
  const std::string libs = environment("BRAID_KAFKA_LIBS");
  if (libs.empty()) {
    const std::string reason = environment("BRAID_KAFKA_SKIP");
    if (!reason.empty()) return reason;
    return "no real Kafka: set BRAID_KAFKA_LIBS to the folder that tests/integration/kafka/prepare prints";
  }
  std::error_code error;
  if (!fs::is_directory(libs, error)) return "no real Kafka: BRAID_KAFKA_LIBS is not a folder: " + libs;
  return std::nullopt;
}

std::string KafkaCluster::older_libs() {
  const std::string libs = environment("BRAID_OLDER_KAFKA_LIBS");
  std::error_code error;
  return fs::is_directory(libs, error) ? libs : "";
}

KafkaCluster KafkaCluster::start(KafkaClusterOptions options) {
  if (const auto reason = available()) throw std::runtime_error(*reason);
  return KafkaCluster(std::make_unique<Supervisor>(options));
}

KafkaCluster::KafkaCluster(std::unique_ptr<Supervisor> supervisor) : supervisor_(std::move(supervisor)) {}
KafkaCluster::KafkaCluster(KafkaCluster&&) noexcept = default;
KafkaCluster& KafkaCluster::operator=(KafkaCluster&&) noexcept = default;
KafkaCluster::~KafkaCluster() = default;

const std::string& KafkaCluster::bootstrap() const {
  return supervisor_->bootstrap();
}
std::string KafkaCluster::bootstrap(const std::string& listener) const {
  return supervisor_->ask("listener " + listener);
}
int KafkaCluster::nodes() const {
  return supervisor_->nodes();
}

void KafkaCluster::kill(int node) {
  supervisor_->ask("kill " + std::to_string(node));
}
void KafkaCluster::stop(int node) {
  supervisor_->ask("stop " + std::to_string(node));
}
void KafkaCluster::restart(int node) {
  restart(std::vector<int>{node});
}

void KafkaCluster::restart(const std::vector<int>& nodes) {
  std::string command = "start";
  for (const int node : nodes) command += " " + std::to_string(node);
  supervisor_->ask(command);
}

void KafkaCluster::pause(int node) {
  supervisor_->ask("pause " + std::to_string(node));
}
void KafkaCluster::resume(int node) {
  supervisor_->ask("resume " + std::to_string(node));
}

int KafkaCluster::behind(int node) const {
  return std::stoi(supervisor_->ask("behind " + std::to_string(node)));
}

pid_t KafkaCluster::pid(int node) const {
  return static_cast<pid_t>(std::stol(supervisor_->ask("pid " + std::to_string(node))));
}

pid_t KafkaCluster::supervisor_pid() const {
  return supervisor_->pid();
}

std::string KafkaCluster::log_tail(int node, int lines) const {
  return supervisor_->ask("log " + std::to_string(node) + " " + std::to_string(lines));
}

std::string KafkaCluster::folder() const {
  return supervisor_->ask("folder");
}

KafkaCluster& shared_cluster() {
  struct Shared {
    std::optional<KafkaCluster> cluster;
    std::string failure;
    Shared() {
      try {
        cluster = KafkaCluster::start();
      } catch (const std::exception& problem) {
        failure = problem.what();
      }
    }
  };
  static Shared shared;
  if (!shared.cluster) throw std::runtime_error(shared.failure);
  return *shared.cluster;
}

std::string unique_name(const std::string& prefix) {
  static std::atomic<unsigned> counter{0};
  return prefix + "-" + std::to_string(::getpid()) + "-" + std::to_string(++counter);
}

}  // namespace braid::integration
