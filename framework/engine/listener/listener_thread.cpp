#include "engine/listener/listener_thread.hpp"

#include "core/assert.hpp"
#include "engine/threads/thread_name.hpp"
#include "engine/worker/describe_failure.hpp"

#include <utility>

namespace braid::engine {

ListenerThread::ListenerThread(std::string name, const MakeListener& make, std::shared_ptr<void> keeps)
    : name_(std::move(name)), shared_(std::make_shared<Shared>()) {
  shared_->keeps = std::move(keeps);
  shared_->wake_up = std::make_shared<EventWakeUp>();
  shared_->mailbox = std::make_shared<Mailbox>(shared_->wake_up);
  shared_->listener = make(shared_->mailbox, *shared_->wake_up);
}

ListenerThread::~ListenerThread() {
  BRAID_ASSERT(!thread_.joinable(), "a listener's thread is joined by its owner");
}

void ListenerThread::start(std::chrono::milliseconds connect_timeout) {
  thread_ = std::jthread([shared = shared_, name = name_, connect_timeout] {
    name_this_thread(name);
    run(shared, connect_timeout);
  });
}

void ListenerThread::run(const std::shared_ptr<Shared>& shared, std::chrono::milliseconds connect_timeout) {
  Listener& listener = *shared->listener;
  shared->connect_outcome = listener.client().reach_broker(connect_timeout);
  if (shared->connect_outcome) shared->connect_outcome = listener.connect();
  const bool connected = shared->connect_outcome.ok();
  shared->connected.raise();
  try {
    while (connected && !listener.finished()) {
      listener.turn();
      if (!listener.finished()) shared->wake_up->wait_until(listener.wakes_at());
    }
  } catch (...) {
    // Nothing is known to throw here. If something does, this connection ends, and nothing else in the process.
    listener.give_up("its listener failed: " + describe_failure(std::current_exception()));
  }
  shared->left_behind = listener.left_behind();
  shared->listener.reset();  // the client's destruction belongs to this thread, and to the deadline of join()
  shared->ended.raise();
}

Result<void> ListenerThread::connected() {
  shared_->connected.wait_until(Time::max());
  return shared_->connect_outcome;
}

void ListenerThread::request_stop(Time deadline) {
  shared_->mailbox->post_command(std::make_unique<Command>(Command{Command::Kind::stop, deadline}));
}

std::vector<std::string> ListenerThread::join(Time deadline) {
  if (!thread_.joinable()) return {};
  if (shared_->ended.wait_until(deadline)) {
    thread_.join();
    return shared_->left_behind;
  }
  thread_.detach();
  return {name_ + ": its client, which has not closed in time"};
}

}  // namespace braid::engine
