#pragma once

#include <braid/ops_source.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace braid {

class Application;
class Monitor;

// Lets people see what an application does, and tell it something, over HTTP: JSON, a web page, metrics, probes
// (docs/ops.md). One thread, `braid-web`.
//
//   braid::OpsServer ops(application, {.port = 8080, .token = read_token()}, {.metrics = [&] { return
//   metrics.text(); }});
//
// Library braid::ops. Thread: any one at a time; the constructor's and the destructor's calls alone.
class OpsServer {
 public:
  struct Limits {
    std::size_t max_connections = 64;  // beyond that the one goes that has been waiting for a request for longest
    std::size_t max_streams = 16;      // of these, how many may listen to live news
    std::size_t max_header_bytes = 8 * 1024;
    std::size_t max_body_bytes = 16 * 1024;
    std::size_t max_stream_bytes = 4 * 1024 * 1024;   // that wait for one client; beyond that it is dropped
    std::size_t max_answer_bytes = 64 * 1024 * 1024;  // of all answers that are being written
    std::chrono::milliseconds idle{15'000};           // between two requests of a connection
    std::chrono::milliseconds reading{5'000};         // from a request's first byte to its last
    std::chrono::milliseconds writing{10'000};        // for one answer, or one piece of news
    std::chrono::milliseconds news_every{1'000};      // how often live news are sent
    std::chrono::milliseconds patience{300};          // for the application's answer
    std::chrono::milliseconds snapshot_age{200};      // one snapshot serves all that ask within so long
  };
  struct Options {
    // Not set: off. 0: any that is free, see port().
    std::optional<std::uint16_t> port{};
    // An address of this machine. Whoever reaches another one than loopback sees everything but secrets.
    std::string address = "127.0.0.1";
    // Who has it may command; at least 16 characters. Empty: there are no commands.
    std::string token{};
    // Names by which clients may call it, beside localhost and plain addresses: others are refused, so that a
    // foreign web page can't reach it under a name of its own.
    std::vector<std::string> names{};
    // Where it is reached through a proxy: what browsers say as Origin, as `https://ops.example.com`.
    std::vector<std::string> origins{};
    Limits limits{};
  };
  // What others provide; each may be left out. Thread: the server's.
  struct Providers {
    std::function<std::string()> metrics{};  // GET /metrics, in Prometheus's text format
    std::function<ops::Health()> healthy{};  // GET /healthz; without it: 200, as long as it answers
    std::function<ops::Health()> ready{};    // GET /readyz; without it: the application runs, or is quiet
  };
  // Whom it asks and tells.
  struct Seams {
    std::shared_ptr<ops::Source> source;
    std::shared_ptr<ops::Commands> commands{};  // none: there are no commands
    Monitor* monitor = nullptr;                 // whose events make the history; none: there is none
  };

  // Serves from here on, if a port is set; the application must outlive it. Throws std::invalid_argument for
  // options that can't be, and std::system_error when it can't listen there.
  OpsServer(Application& application, Options options, Providers providers);
  OpsServer(Application& application, Options options);
  OpsServer(Seams seams, Options options, Providers providers);
  // Closes all connections, without waiting for any; returns within a second, or as soon as a provider that has
  // been called returns.
  ~OpsServer();
  OpsServer(const OpsServer&) = delete;
  OpsServer& operator=(const OpsServer&) = delete;

  // Where it listens; 0: it is off.
  [[nodiscard]] std::uint16_t port() const;
  // Open connections, at present. Thread: any.
  [[nodiscard]] std::size_t connections() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace braid
