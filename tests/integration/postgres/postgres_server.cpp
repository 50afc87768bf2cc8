#include "integration/postgres/postgres_server.hpp"

#include "tests/lib/paths.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <pqxx/pqxx>
#include <stdexcept>

extern char** environ;

namespace braid::integration {

namespace {

constexpr int kMissing = 3;  // serve's exit status

std::string serve_program() {
  return test_paths::source("tests/integration/postgres/serve");
}

std::string first_line_of(int file) {
  std::string line;
  for (char c = 0; ::read(file, &c, 1) == 1 && c != '\n';) line += c;
  return line;
}

std::string last_line_of(const std::string& path) {
  std::ifstream file(path);
  std::string last;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) last = line;
  }
  return last;
}

}  // namespace

PostgresServer& PostgresServer::shared() {
  static PostgresServer server;
  if (server.connection_.empty()) throw std::runtime_error(server.failure_);
  return server;
}

std::optional<std::string> PostgresServer::missing() {
  try {
    shared();
  } catch (const std::runtime_error& failure) {
    // Whether it could be had and did not start is for the test to fail on.
    if (std::string(failure.what()).starts_with("SKIPPED: ")) return failure.what();
  }
  return std::nullopt;
}

PostgresServer::PostgresServer() : owner_(::getpid()) {
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0) {
    throw std::runtime_error("pipe2 failed");
  }
  std::string errors = (std::filesystem::temp_directory_path() / "braid-postgres-errors.XXXXXX").string();
  const int error_file = ::mkostemp(errors.data(), O_CLOEXEC);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, error_file, STDERR_FILENO);
  std::string program = serve_program();
  std::array<char*, 2> arguments{program.data(), nullptr};
  const int code = ::posix_spawn(&serve_, program.c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(in[0]);
  ::close(out[1]);
  to_serve_ = in[1];
  if (code != 0) {
    failure_ = "SKIPPED: " + program + " can't be run";
    serve_ = -1;
  } else if (const std::string line = first_line_of(out[0]); line.starts_with("postgres=")) {
    connection_ = line.substr(std::string("postgres=").size());
  } else {
    int status = 0;
    ::waitpid(serve_, &status, 0);
    serve_ = -1;
    missing_ = WIFEXITED(status) && WEXITSTATUS(status) == kMissing;
    failure_ = (missing_ ? "SKIPPED: " : "PostgreSQL did not start: ") + last_line_of(errors);
  }
  ::close(out[0]);
  ::close(error_file);
  std::filesystem::remove(errors);
}

PostgresServer::~PostgresServer() {
  if (owner_ != ::getpid()) return;
  ::close(to_serve_);  // which ends it
  if (serve_ > 0) ::waitpid(serve_, nullptr, 0);
}

std::string PostgresServer::make_database() {
  const std::string name = "braid_" + std::to_string(::getpid()) + "_" + std::to_string(++databases_);
  pqxx::connection connection(connection_);
  pqxx::nontransaction(connection).exec("CREATE DATABASE " + name);
  return connection_.substr(0, connection_.find("dbname=")) + "dbname=" + name;
}

}  // namespace braid::integration
