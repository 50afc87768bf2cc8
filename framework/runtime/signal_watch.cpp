#include "runtime/signal_watch.hpp"

#include "engine/threads/thread_name.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <unistd.h>

#include <csignal>
#include <thread>
#include <utility>

namespace braid::runtime {

namespace {

constexpr std::chrono::milliseconds kPoll{10};

}  // namespace

class SignalWatch::Impl {
 public:
  explicit Impl(Actions actions)
      : actions_(std::move(actions)),
        ends_(context_, SIGINT, SIGTERM),
        others_(context_, SIGTSTP, SIGTTIN),
        timer_(context_) {
    ends_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      // Waiting again before the callback: the second signal must not depend on what the first one sets off.
      ends_.async_wait([](const boost::system::error_code& cancelled, int second) {
        if (!cancelled) ::_exit(128 + second);
      });
      actions_.stop(signal);
    });
    wait_for_others();
    thread_ = std::jthread([this] {
      engine::name_this_thread("braid-signals");
      context_.run();
    });
  }
  ~Impl() { context_.stop(); }

 private:
  void wait_for_others() {
    others_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      wait_for_others();
      if (signal == SIGTSTP) {
        actions_.quiet();
      } else if (!poll_) {
        // Who asks again before that is written gets the same.
        poll_ = actions_.begin_dump();
        late_at_ = std::chrono::steady_clock::now() + kPatience;
        poll();
      }
    });
  }
  void poll() {
    if (poll_(std::chrono::steady_clock::now() >= late_at_)) {
      poll_ = nullptr;
      return;
    }
    timer_.expires_after(kPoll);
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) poll();
    });
  }

  Actions actions_;
  boost::asio::io_context context_;
  boost::asio::signal_set ends_;
  boost::asio::signal_set others_;
  boost::asio::steady_timer timer_;
  Actions::Poll poll_;  // while a dump is under way
  std::chrono::steady_clock::time_point late_at_{};
  std::jthread thread_;  // joined before the rest goes
};

SignalWatch::SignalWatch(Actions actions) : impl_(std::make_unique<Impl>(std::move(actions))) {}
SignalWatch::~SignalWatch() = default;

}  // namespace braid::runtime
