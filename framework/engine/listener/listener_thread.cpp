#include "engine/listener/listener_thread.hpp"

#include "core/assert.hpp"
#include "engine/threads/thread_name.hpp"
#include "engine/worker/describe_failure.hpp"

#include <utility>

namespace braid::engine {

ListenerThread::ListenerThread(std::string name, const MakeListener& make, std::shared_ptr<void> keeps,
                               std::shared_ptr<Notifier> changed)
    : name_(std::move(name)), shared_(std::make_shared<Shared>()) {
  shared_->keeps = std::move(keeps);
  shared_->changed = std::move(changed);
  shared_->wake_up = std::make_shared<EventWakeUp>();
  shared_->mailbox = std::make_shared<Mailbox>(shared_->wake_up);
  shared_->rounds.emplace(*shared_->wake_up);
  shared_->listener = make(shared_->mailbox, *shared_->rounds);
}

ListenerThread::~ListenerThread() {
  BRAID_ASSERT(!thread_.joinable(), "a listener's thread is joined by its owner");
}

void ListenerThread::start(std::chrono::milliseconds connect_timeout) {
  thread_ = std::jthread([shared = shared_, name = name_, connect_timeout] {
    name_this_thread(name);
    run(*shared, connect_timeout);
  });
}

void ListenerThread::Shared::move_to(State next, std::optional<Error> why) {
  {
    const std::lock_guard lock(mutex);
    state = next;
    has_run = has_run || next == State::running;
    if (why && !failure) failure = std::move(why);
  }
  changed->notify();
}

void ListenerThread::run(Shared& shared, std::chrono::milliseconds connect_timeout) {
  Listener& listener = *shared.listener;
  Result<void> connected = listener.client().reach_broker(connect_timeout, shared.given_up);
  if (connected) connected = listener.connect();
  if (connected) {
    shared.move_to(State::running);
    turn_until_finished(shared);
  }
  auto why = connected ? listener.failure() : std::optional<Error>(connected.error());
  shared.left_behind = {listener.left_behind(), listener.left_shares()};
  shared.finished.raise();
  shared.listener.reset();  // the client's destruction belongs to this thread, and to the deadline of join()
  shared.ended.raise();
  shared.move_to(State::ended, std::move(why));
}

void ListenerThread::turn_until_finished(Shared& shared) {
  Listener& listener = *shared.listener;
  bool failed = false;
  // Only while it turns: to reach a broker and to close may take their time.
  const TurnWatch::Watching watching(TurnWatch::of_process(), *shared.rounds);
  try {
    while (!listener.finished()) {
      listener.turn();
      if (!failed && listener.failure()) {
        failed = true;
        shared.move_to(State::failing, listener.failure());
      }
      if (!listener.finished()) shared.rounds->wait_until(listener.wakes_at());
    }
  } catch (...) {
    // Nothing is known to throw here. If something does, this connection ends, and nothing else in the process.
    listener.give_up("its listener failed: " + describe_failure(std::current_exception()));
  }
}

ListenerThread::State ListenerThread::state() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->state;
}

std::optional<Error> ListenerThread::failure() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->failure;
}

bool ListenerThread::has_run() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->has_run;
}

std::function<bool()> ListenerThread::goes_on() const {
  return [weak = std::weak_ptr<Shared>(shared_)] {
    // Without an owner, and that the thread itself is one: it has ended.
    const auto shared = weak.lock();
    if (!shared) return false;
    const std::lock_guard lock(shared->mutex);
    return shared->state != State::ended;
  };
}

void ListenerThread::request(Command::Kind kind, Time deadline, bool at_once) {
  shared_->given_up.store(true, std::memory_order_release);
  shared_->mailbox->post_command(
      std::make_unique<Command>(Command{.kind = kind, .deadline = deadline, .at_once = at_once}));
}

LeftBehind ListenerThread::join(Time deadline) {
  if (!thread_.joinable()) return {};
  const bool finished = shared_->finished.wait_until(deadline);
  LeftBehind left;
  if (finished) left = shared_->left_behind;
  if (shared_->ended.wait_until(deadline)) {
    thread_.join();
    return left;
  }
  const bool connecting = state() == State::connecting;
  thread_.detach();
  if (finished) {
    left.words.push_back(name_ + ": its client, which has not closed in time");
  } else {
    left.words.push_back(name_ + (connecting ? ": it was still looking for a broker"
                                             : ": its listener, which has not come to its end in time"));
  }
  return left;
}

}  // namespace braid::engine
