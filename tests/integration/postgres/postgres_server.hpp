#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace braid::integration {

// A real PostgreSQL server on a loopback port, with its data in a temporary folder. The program `serve` beside this
// file starts it; it notices when this process ends, however that happens, ends the server and removes the folder.
// Thread: any, one call at a time.
class PostgresServer {
 public:
  // This process's, started with the first call. Throws std::runtime_error where it can't be: skip() says first.
  static PostgresServer& shared();
  // Why there is none on this machine, for GTEST_SKIP(); nothing where there is one.
  static std::optional<std::string> missing();

  // A new, empty database: how libpq connects to it. Programs that this process starts may connect too.
  [[nodiscard]] std::string make_database();

  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

 private:
  PostgresServer();
  ~PostgresServer();

  pid_t serve_ = -1;
  int to_serve_ = -1;
  std::string connection_;
  std::string failure_;  // why there is no connection
  bool missing_ = false;
  int databases_ = 0;
  pid_t owner_ = -1;
};

}  // namespace braid::integration
