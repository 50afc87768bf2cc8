#pragma once

#include "lib/raw_client.hpp"
#include "ops/src/http_server.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace braid::ops {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using test::RawClient;

inline constexpr const char* kGet = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";
inline constexpr std::size_t kBig = 32 * 1024 * 1024;

inline constexpr const char* kListen = "GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n";

inline OpsServer::Limits quick() {
  OpsServer::Limits limits;
  limits.idle = 2000ms;
  limits.reading = 300ms;
  limits.writing = 500ms;
  limits.news_every = 20ms;
  return limits;
}

// /hello, /big, /live; says who asked what.
class TestServer {
 public:
  explicit TestServer(OpsServer::Limits limits = quick(), std::string news = "{}")
      : server_("127.0.0.1", 0, limits,
                {.answer = [this](const Request& request) { return answer(request); },
                 .news = [news = std::move(news)] { return news; }}) {}

  [[nodiscard]] RawClient client(int receive_buffer = 0) const { return RawClient(port(), receive_buffer); }
  [[nodiscard]] std::uint16_t port() const { return server_.port(); }
  [[nodiscard]] std::size_t connections() const { return server_.connections(); }
  [[nodiscard]] bool all_gone(std::chrono::milliseconds within = 5000ms) const {
    for (const auto until = Clock::now() + within; Clock::now() < until; std::this_thread::sleep_for(5ms)) {
      if (connections() == 0) return true;
    }
    return connections() == 0;
  }
  [[nodiscard]] bool serves() const { return client_answers(client()); }
  static bool client_answers(RawClient client) {
    return client.send(kGet) && client.read_answer().starts_with("HTTP/1.1 200 OK\r\n");
  }

 private:
  static Response answer(const Request& request) {
    if (request.path == "/big") return json_answer(std::string(kBig, 'x'));
    if (request.path == "/live") {
      Response response;
      response.stream = true;
      return response;
    }
    if (request.path == "/throws") throw std::runtime_error("on purpose");
    if (request.path != "/hello") return refusal(404, "unknown_path", "there is nothing at this path");
    return json_answer("\"hello " + request.body + "\"");
  }

  HttpServer server_;
};

}  // namespace braid::ops
