#include "engine/instrumentation/event_hub.hpp"

#include "engine/instrumentation/counters.hpp"
#include "engine/threads/latch_flag.hpp"
#include "engine/threads/thread_name.hpp"
#include "engine/worker/describe_failure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <string>

namespace braid::engine {

namespace {

using namespace std::chrono_literals;

// What happens meanwhile is delivered together: the thread costs so many wake-ups at most.
constexpr Duration kGather = 2ms;
constexpr Duration kTellEach = 1s;
constexpr int kEntriesAPass = 1024;
// A lock-free queue counts its nodes in 16 bits.
constexpr std::size_t kMostQueued = 65'000;

Monitor::Settings checked(Monitor::Settings settings) {
  if (settings.max_queued < 1 || settings.max_queued > kMostQueued) {
    throw std::invalid_argument(
        fmt::format("monitor: max_queued is {}, must be from 1 to {}", settings.max_queued, kMostQueued));
  }
  if (settings.measure_each < 1s) {
    throw std::invalid_argument(
        fmt::format("monitor: measure_each is {} ms, must be at least 1,000", settings.measure_each.count()));
  }
  return settings;
}

}  // namespace

std::shared_ptr<EventHub> make_event_hub() {
  return std::make_shared<EventHub>();
}

EventHub::EventHub(Monitor::Settings settings) : settings_(checked(std::move(settings))) {}

EventHub::~EventHub() {
  // Our thread holds us, so it has ended, or is the one that lets go of us.
  if (thread_.joinable() && thread_.get_id() == std::this_thread::get_id()) thread_.detach();
  if (thread_.joinable()) thread_.join();
  if (!owned_inbox_) return;
  owned_inbox_->entries.consume_all([](Entry* entry) { delete entry; });
}

// --- who emits

bool EventHub::push(std::unique_ptr<Entry> entry) noexcept {
  Inbox* const inbox = inbox_.load(std::memory_order_acquire);
  // A bit may be seen before the inbox is.
  if (inbox == nullptr) return true;
  if (!inbox->entries.bounded_push(entry.get())) return false;
  static_cast<void>(entry.release());
  inbox->wake_up.notify();
  return true;
}

// --- who listens

std::uint64_t EventHub::subscribe(std::uint64_t kinds, Function function) {
  auto subscriber = std::make_shared<Subscriber>();
  subscriber->kinds = kinds;
  subscriber->function = std::move(function);
  const std::unique_lock lock(mutex_);
  if (closed_) return 0;
  if (!owned_inbox_) {
    owned_inbox_ = std::make_unique<Inbox>(settings_.max_queued);
    inbox_.store(owned_inbox_.get(), std::memory_order_release);
  }
  if (!running_) {
    // The one before has found that it is to end, and takes no lock any more.
    if (thread_.joinable()) thread_.join();
    thread_ = std::jthread([self = shared_from_this()] { run(self); });
    running_ = true;
  }
  subscriber->id = ++last_id_;
  auto subscribers = std::make_shared<Subscribers>(*subscribers_);
  subscribers->push_back(subscriber);
  subscribers_ = std::move(subscribers);
  wanted_.fetch_or(kinds, std::memory_order_relaxed);
  return subscriber->id;
}

void EventHub::unsubscribe(std::uint64_t id) noexcept {
  std::shared_ptr<const Subscribers> before;  // functions end outside of the lock
  std::unique_lock lock(mutex_);
  before = subscribers_;
  forget(id, lock);
}

void EventHub::forget(std::uint64_t id, std::unique_lock<std::mutex>& lock) {
  auto left = std::make_shared<Subscribers>(*subscribers_);
  const auto found = std::ranges::find(*left, id, [](const auto& each) { return each->id; });
  if (found == left->end()) return;
  const std::shared_ptr<Subscriber> gone = *found;
  left->erase(found);
  std::uint64_t wanted = 0;
  for (const auto& each : *left) wanted |= each->kinds;
  wanted_.store(wanted, std::memory_order_relaxed);
  const bool unheard = left->empty();
  subscribers_ = std::move(left);
  if (unheard) owned_inbox_->wake_up.notify();
  if (!on_own_thread()) {
    changed_.wait(lock, [&] { return in_call_ != gone.get(); });
  }
}

bool EventHub::flush(std::chrono::milliseconds timeout) {
  if (on_own_thread()) return false;
  const Time deadline = std::chrono::steady_clock::now() + timeout;
  Inbox* const inbox = inbox_.load(std::memory_order_acquire);
  if (inbox == nullptr) return true;
  const auto marker = std::make_shared<LatchFlag>();
  auto entry = std::make_unique<Entry>();
  entry->marker = marker;
  std::unique_lock lock(mutex_);
  if (!running_) return true;
  ++in_a_hurry_;
  changed_.notify_all();
  bool in_time = true;
  // Full: until some of what is there has been delivered.
  while (running_ && in_time && !inbox->entries.bounded_push(entry.get())) {
    changed_.wait_for(lock, kGather);
    in_time = std::chrono::steady_clock::now() < deadline;
  }
  if (running_ && in_time) {
    static_cast<void>(entry.release());
    lock.unlock();
    inbox->wake_up.notify();
    in_time = marker->wait_until(deadline);
    lock.lock();
  }
  --in_a_hurry_;
  return in_time;
}

std::uint64_t EventHub::dropped() const {
  std::uint64_t dropped = 0;
  for (const auto& count : dropped_) dropped += count.load(std::memory_order_relaxed);
  return dropped;
}

void EventHub::report_to(Trouble trouble) {
  const std::lock_guard lock(mutex_);
  trouble_.swap(trouble);
}

void EventHub::close() noexcept {
  std::jthread thread;
  std::shared_ptr<const Subscribers> before;
  {
    std::unique_lock lock(mutex_);
    closed_ = true;
    before = subscribers_;
    for (const auto& each : *before) forget(each->id, lock);
    thread.swap(thread_);
  }
  if (thread.joinable() && thread.get_id() == std::this_thread::get_id()) thread.detach();
}

// --- the thread

void EventHub::run(const std::shared_ptr<EventHub>& self) {
  name_this_thread("braid-ev");
  self->own_.store(std::this_thread::get_id());
  while (self->goes_on()) {
    if (!self->pass()) continue;
    self->owned_inbox_->wake_up.wait_until(self->wakes_at());
    std::unique_lock lock(self->mutex_);
    self->changed_.wait_for(lock, kGather, [&] { return self->in_a_hurry_ > 0 || self->subscribers_->empty(); });
  }
}

// Nobody listens any more: what waits is for nobody, and who waits in flush() has nothing to wait for.
bool EventHub::goes_on() {
  const std::lock_guard lock(mutex_);
  if (!subscribers_->empty()) return true;
  running_ = false;
  own_.store({});
  owned_inbox_->entries.consume_all([](Entry* entry) {
    if (entry->marker) entry->marker->raise();
    delete entry;
  });
  return false;
}

bool EventHub::pass() {
  Entry* popped = nullptr;
  int passed = 0;
  while (passed < kEntriesAPass && owned_inbox_->entries.pop(popped)) {
    const std::unique_ptr<Entry> entry(popped);
    ++passed;
    if (entry->marker) {
      next_told_ = {};
      tell_dropped();
      entry->marker->raise();
    } else {
      take(*entry);
    }
  }
  tell_dropped();
  return passed < kEntriesAPass;
}

void EventHub::take(Entry& entry) {
  try {
    if (entry.make) entry.event = entry.make();
  } catch (...) {
    // As of subscribers that throw.
    if (std::has_single_bit(++not_made_)) {
      tell(fmt::format("an event could not be made ({} times so far): {}", not_made_,
                       describe_failure(std::current_exception())));
    }
    return;
  }
  deliver(entry.event, entry.at);
}

// What was dropped is told of though nothing more happens.
Time EventHub::wakes_at() {
  for (std::size_t kind = 0; kind < kEventKinds; ++kind) {
    if (dropped_[kind].load(std::memory_order_relaxed) != told_[kind]) return next_told_;
  }
  return Time::max();
}

void EventHub::deliver(const Event& event, Monitor::Moment at) {
  std::shared_ptr<const Subscribers> subscribers;
  {
    const std::lock_guard lock(mutex_);
    subscribers = subscribers_;
  }
  for (const auto& subscriber : *subscribers) {
    if (((subscriber->kinds >> event.index()) & 1) != 0) call(*subscriber, event, at);
  }
}

void EventHub::call(Subscriber& subscriber, const Event& event, Monitor::Moment at) {
  {
    const std::lock_guard lock(mutex_);
    // It may have gone since.
    if (std::ranges::none_of(*subscribers_, [&](const auto& each) { return each.get() == &subscriber; })) return;
    in_call_ = &subscriber;
  }
  try {
    subscriber.function(event, at);
  } catch (...) {
    // The first time, and then ever less often.
    if (std::has_single_bit(++subscriber.failures)) {
      tell(fmt::format("a subscriber of {} threw ({} times so far): {}", event_name(event.index()),
                       subscriber.failures, describe_failure(std::current_exception())));
    }
  }
  const std::lock_guard lock(mutex_);
  in_call_ = nullptr;
  changed_.notify_all();
}

void EventHub::tell_dropped() {
  const Time now = std::chrono::steady_clock::now();
  if (now < next_told_) return;
  std::string text;
  for (std::size_t kind = 0; kind < kEventKinds; ++kind) {
    const std::uint64_t total = dropped_[kind].load(std::memory_order_relaxed);
    const std::uint64_t count = total - std::exchange(told_[kind], total);
    if (count == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, event_name(kind));
    deliver(events::EventsDropped{.event = std::string(event_name(kind)), .count = count, .total = total},
            std::chrono::system_clock::now());
  }
  if (text.empty()) return;
  next_told_ = now + kTellEach;
  tell("events were dropped, since subscribers are slower than they come: " + text);
}

void EventHub::tell(std::string_view text) noexcept {
  try {
    if (settings_.on_trouble) {
      settings_.on_trouble(text);
      return;
    }
    Trouble trouble;
    {
      const std::lock_guard lock(mutex_);
      trouble = trouble_;
    }
    if (trouble) trouble(text);
  } catch (...) {
    // Whom else to tell.
  }
}

}  // namespace braid::engine
