#include "runtime/signal_watch.hpp"

#include "engine/threads/thread_name.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <unistd.h>

#include <csignal>
#include <thread>
#include <utility>

namespace braid::runtime {

class SignalWatch::Impl {
 public:
  explicit Impl(std::function<void(int)> first) : first_(std::move(first)), signals_(context_, SIGINT, SIGTERM) {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      // Waiting again before the callback: the second signal must not depend on what the first one sets off.
      signals_.async_wait([](const boost::system::error_code& cancelled, int second) {
        if (!cancelled) ::_exit(128 + second);
      });
      first_(signal);
    });
    thread_ = std::jthread([this] {
      engine::name_this_thread("braid-signals");
      context_.run();
    });
  }
  ~Impl() { context_.stop(); }

 private:
  std::function<void(int)> first_;
  boost::asio::io_context context_;
  boost::asio::signal_set signals_;
  std::jthread thread_;  // joined before the rest goes
};

SignalWatch::SignalWatch(std::function<void(int)> first) : impl_(std::make_unique<Impl>(std::move(first))) {}
SignalWatch::~SignalWatch() = default;

}  // namespace braid::runtime
