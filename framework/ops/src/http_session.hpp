#pragma once

#include "http.hpp"

#include <braid/ops_server.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

namespace braid::ops {

class Session;

// What the sessions of one server share. Thread: the server's.
class SessionHost {
 public:
  virtual ~SessionHost() = default;
  [[nodiscard]] virtual const OpsServer::Limits& limits() const = 0;
  virtual Response answer(const Request& request) = 0;
  virtual void add(Session& session) = 0;
  virtual void remove(Session& session) = 0;  // again: nothing happens
  // So many bytes of an answer are kept until they are written; false: too many are already.
  virtual bool reserve(std::size_t bytes) = 0;
  virtual void give_back(std::size_t bytes) = 0;
  // It hears of news from here on, until it is removed; false: too many do.
  virtual bool begin_stream(Session& session) = 0;
};

// One connection of a client: requests one after another, each with its deadlines; or news without an end.
// Thread: the server's.
class Session : public std::enable_shared_from_this<Session> {
 public:
  using Clock = std::chrono::steady_clock;
  Session(boost::asio::ip::tcp::socket socket, SessionHost& host);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // To its end. `self` is it.
  static boost::asio::awaitable<void> serve(std::shared_ptr<Session> self);
  // What it does ends soon.
  void close();
  // Since when it waits for a request, or the rest of one; none: it is being answered, or hears news.
  [[nodiscard]] std::optional<Clock::time_point> waits_since() const { return waits_since_; }
  // To be written when what came before is. False: it does not keep up with them.
  bool push(std::shared_ptr<const std::string> piece);

 private:
  enum class Next : std::uint8_t { go_on, close, drain };
  boost::asio::awaitable<Next> serve_one();
  boost::asio::awaitable<Next> write(Response response, bool keep, bool head_alone);
  // News, until the client goes or is too slow.
  boost::asio::awaitable<void> write_pieces();
  static boost::asio::awaitable<void> watch(std::shared_ptr<Session> self);
  // So that the client reads the answer before it hears that the connection is closed.
  boost::asio::awaitable<void> drain();

  SessionHost& host_;
  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  std::optional<Clock::time_point> waits_since_;
  std::deque<std::shared_ptr<const std::string>> pieces_;
  std::size_t bytes_waiting_ = 0;  // of these
  boost::asio::steady_timer pushed_;
  bool closed_ = false;
};

}  // namespace braid::ops
