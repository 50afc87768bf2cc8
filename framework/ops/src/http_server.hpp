#pragma once

#include "http.hpp"

#include <braid/ops_server.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace braid::ops {

// HTTP/1.1 on one thread of its own, for few clients of which none is trusted: whatever they send, or do not send,
// memory and descriptors stay bounded, and nobody waits for them.
// Thread: any one at a time; `answer` and `news` are called on its own.
class HttpServer {
 public:
  struct Site {
    std::function<Response(const Request&)> answer;
    std::function<std::string()> news;  // for all who listen: a line of JSON
  };
  // Listens from here on. Throws std::invalid_argument for an address that is none, std::system_error where nothing
  // can listen there.
  HttpServer(const std::string& address, std::uint16_t port, const OpsServer::Limits& limits, Site site);
  // Closes everything at once; waits for a call of `answer` or `news` that is under way, for nothing else.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::size_t connections() const;  // thread: any

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace braid::ops
