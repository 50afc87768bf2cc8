#include "runtime/heartbeat.hpp"

#include "engine/threads/thread_name.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

namespace braid::runtime {

namespace {

// Of a reader that is gone nothing comes back: whoever watches this process has left it alone.
void say(int descriptor, char what) {
  [[maybe_unused]] const auto written = ::write(descriptor, &what, 1);
}

}  // namespace

Heartbeat::Heartbeat(int descriptor, engine::TurnWatch& watch, std::chrono::milliseconds each)
    : descriptor_(descriptor), watch_(watch), each_(each), thread_([this] { run(); }) {}

Heartbeat::~Heartbeat() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Heartbeat::run() {
  engine::name_this_thread("braid-beat");
  // A write to a pipe without a reader would end the process by this signal.
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  std::unique_lock lock(mutex_);
  while (!ending_) {
    lock.unlock();
    if (watch_.all_turned()) say(descriptor_, 'b');
    lock.lock();
    changed_.wait_for(lock, each_, [this] { return ending_; });
  }
  say(descriptor_, 'e');
}

std::shared_ptr<Heartbeat> Heartbeat::of_process(int descriptor, engine::Log& log) {
  static std::mutex mutex;
  static std::weak_ptr<Heartbeat> shared;
  const std::lock_guard lock(mutex);
  if (auto running = shared.lock()) return running;
  struct stat found {};
  const int flags = ::fcntl(descriptor, F_GETFL);
  if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY || ::fstat(descriptor, &found) != 0 ||
      !S_ISFIFO(found.st_mode)) {
    log.write(
        engine::LogLevel::warning, "application",
        fmt::format("BRAID_HEARTBEAT_FD is {}, which is no pipe to write to: no heartbeats are sent", descriptor));
    return nullptr;
  }
  ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  // A reader that is stopped must not stop us.
  ::fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
  auto started = std::make_shared<Heartbeat>(descriptor, engine::TurnWatch::of_process());
  shared = started;
  return started;
}

}  // namespace braid::runtime
