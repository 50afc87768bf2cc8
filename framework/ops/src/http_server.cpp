// The one place that knows Beast.

#include "http_server.hpp"

#include "http_session.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <set>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

namespace braid::ops {

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using asio::ip::tcp;

tcp::endpoint endpoint_of(const std::string& address, std::uint16_t port) {
  boost::system::error_code failure;
  const auto parsed = asio::ip::make_address(address, failure);
  if (failure) {
    throw std::invalid_argument("ops: `" + address +
                                "` is no address: give one of this machine, as 127.0.0.1, or 0.0.0.0 for all");
  }
  return {parsed, port};
}

tcp::acceptor listen(asio::io_context& context, const tcp::endpoint& endpoint) {
  try {
    tcp::acceptor acceptor(context, endpoint, true);
    acceptor.non_blocking(true);
    return acceptor;
  } catch (const boost::system::system_error& failure) {
    throw std::system_error(std::error_code(failure.code()),
                            "ops: can't listen on " + endpoint.address().to_string() + " port " +
                                std::to_string(endpoint.port()) +
                                ": choose another port, or 0 for any that is free");
  }
}

// Signals of the process are for those who wait for them.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

class HttpServer::Impl final : private SessionHost {
 public:
  Impl(const std::string& address, std::uint16_t port, const OpsServer::Limits& limits, Site site)
      : limits_(limits),
        site_(std::move(site)),
        acceptor_(listen(context_, endpoint_of(address, port))),
        tick_(context_),
        port_(acceptor_.local_endpoint().port()) {
    asio::co_spawn(context_, accept(), asio::detached);
    const SignalsBlocked blocked;
    thread_ = std::jthread([this] { run(); });
  }
  ~Impl() override {
    context_.stop();
    thread_.join();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::size_t connections() const { return count_.load(std::memory_order_relaxed); }

 private:
  void run() {
    pthread_setname_np(pthread_self(), "braid-web");
    for (;;) {
      try {
        context_.run();
        return;
      } catch (...) {  // memory ran out within Asio: what it was about is lost, the others go on
      }
    }
  }

  asio::awaitable<void> accept() {
    asio::steady_timer pause(context_);
    for (;;) {
      tcp::socket socket(context_);
      const auto [failure] = co_await acceptor_.async_accept(socket, asio::as_tuple(asio::use_awaitable));
      if (failure) {
        // As when descriptors have run out: the one that waits stays where it is.
        pause.expires_after(100ms);
        co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
        continue;
      }
      if (sessions_.size() >= limits_.max_connections && !make_room()) continue;
      try {
        auto session = std::make_shared<Session>(std::move(socket), static_cast<SessionHost&>(*this));
        asio::co_spawn(context_, Session::serve(std::move(session)), asio::detached);
      } catch (...) {  // no memory for this one: it is closed, and the next one is taken
      }
    }
  }

  // The one goes that has been waiting for a request for longest; false: there is none.
  bool make_room() {
    Session* oldest = nullptr;
    for (Session* session : sessions_) {
      if (session->waits_since() && (oldest == nullptr || *session->waits_since() < *oldest->waits_since())) {
        oldest = session;
      }
    }
    if (oldest == nullptr) return false;
    oldest->close();
    remove(*oldest);
    return true;
  }

  // --- SessionHost

  const OpsServer::Limits& limits() const override { return limits_; }
  Response answer(const Request& request) override { return site_.answer(request); }
  void add(Session& session) override {
    sessions_.insert(&session);
    count_.store(sessions_.size(), std::memory_order_relaxed);
  }
  void remove(Session& session) override {
    sessions_.erase(&session);
    streams_.erase(&session);
    count_.store(sessions_.size(), std::memory_order_relaxed);
  }
  bool reserve(std::size_t bytes) override {
    if (bytes_out_ + bytes > limits_.max_answer_bytes && bytes_out_ > 0) return false;
    bytes_out_ += bytes;
    return true;
  }
  void give_back(std::size_t bytes) override { bytes_out_ -= bytes; }
  bool begin_stream(Session& session) override {
    if (streams_.size() >= limits_.max_streams) return false;
    streams_.insert(&session);
    session.push(piece_of_news());
    if (streams_.size() == 1) asio::co_spawn(context_, tell_news(++telling_), asio::detached);
    return true;
  }

  // --- live news

  std::shared_ptr<const std::string> piece_of_news() {
    std::string piece = "event: trouble\ndata: {}\n\n";
    try {
      piece = "event: live\ndata: " + site_.news() + "\n\n";
    } catch (...) {  // who listens is told, and the next one may do better
    }
    return std::make_shared<const std::string>(std::move(piece));
  }

  // As long as anybody listens. `mine`: who comes later takes over.
  asio::awaitable<void> tell_news(std::uint64_t mine) {
    for (;;) {
      tick_.expires_after(limits_.news_every);
      co_await tick_.async_wait(asio::as_tuple(asio::use_awaitable));
      if (streams_.empty() || mine != telling_) co_return;
      const auto piece = piece_of_news();
      const std::set<Session*> now = streams_;
      for (Session* session : now) {
        if (streams_.contains(session) && !session->push(piece)) {
          session->close();
          remove(*session);
        }
      }
    }
  }

  const OpsServer::Limits limits_;
  const Site site_;
  // The thread's. Sessions are kept by the coroutines that serve them, which go with the context: so it goes first.
  std::set<Session*> sessions_;
  std::set<Session*> streams_;  // of these
  std::size_t bytes_out_ = 0;   // of answers that are being written
  std::uint64_t telling_ = 0;
  std::atomic<std::size_t> count_{0};  // of sessions_; relaxed: a number for people
  asio::io_context context_{1};
  tcp::acceptor acceptor_;
  asio::steady_timer tick_;
  const std::uint16_t port_;
  std::jthread thread_;
};

HttpServer::HttpServer(const std::string& address, std::uint16_t port, const OpsServer::Limits& limits, Site site)
    : impl_(std::make_unique<Impl>(address, port, limits, std::move(site))) {}
HttpServer::~HttpServer() = default;
std::uint16_t HttpServer::port() const {
  return impl_->port();
}
std::size_t HttpServer::connections() const {
  return impl_->connections();
}

}  // namespace braid::ops
