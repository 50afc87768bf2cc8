#pragma once

#include "engine/ports/clock.hpp"
#include "engine/threads/event_wake_up.hpp"
#include "engine/threads/guarded_by.hpp"

#include <braid/monitor.hpp>

#include <boost/lockfree/queue.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace braid::engine {

class LatchFlag;

// Carries events from where they happen to who has subscribed, on a thread of its own.
//
//   any ──emit(): is the kind's bit up? ──▶ bounded queue ──▶ braid-ev ──▶ functions, one after another
//                  └── no: nothing            └── full: dropped, counted by kind
//
// The thread is started with the first subscription, and ends with the last one. What happens is gathered for a
// moment, so that it is woken at most so often.
// Thread: any. Shared by the monitor and all that emits; the thread holds it too.
class EventHub final : public std::enable_shared_from_this<EventHub> {
 public:
  using Function = std::function<void(const Event&, Monitor::Moment)>;
  using Trouble = std::function<void(std::string_view)>;

  explicit EventHub(Monitor::Settings settings = {});
  ~EventHub();
  EventHub(const EventHub&) = delete;
  EventHub& operator=(const EventHub&) = delete;

  // --- who emits

  // Relaxed: who subscribes while something happens may hear of it or not.
  template <class E>
  [[nodiscard]] bool wants() const noexcept {
    return ((wanted_.load(std::memory_order_relaxed) >> event_kind<E>()) & 1) != 0;
  }
  // make() yields the event; it is called only if somebody wants it. Never throws, never waits.
  template <class E, class Make>
  void emit(Make&& make) noexcept {
    if (!wants<E>()) return;
    enqueue(event_kind<E>(), [&make] {
      return Entry{.at = std::chrono::system_clock::now(), .event = Event(E(make())), .make = {}, .marker = {}};
    });
  }
  // As emit(), but make() runs on the thread of events, some time later: for what takes its time. What it throws is
  // told as trouble.
  template <class E, class Make>
  void emit_later(Make&& make) noexcept {
    if (!wants<E>()) return;
    enqueue(event_kind<E>(), [&make] {
      Entry entry;
      entry.at = std::chrono::system_clock::now();
      entry.make = [make = std::forward<Make>(make)] { return Event(E(make())); };
      return entry;
    });
  }
  [[nodiscard]] Duration measure_each() const { return settings_.measure_each; }

  // --- who listens

  // Returns what unsubscribe() takes. 0: it is closed.
  std::uint64_t subscribe(std::uint64_t kinds, Function function);
  void unsubscribe(std::uint64_t id) noexcept;
  bool flush(std::chrono::milliseconds timeout);
  [[nodiscard]] std::uint64_t dropped() const;
  // Where trouble with subscribers is told, unless the settings say. The last one counts. Thread: called on ours.
  void report_to(Trouble trouble);
  // Ends all subscriptions, and the thread; nobody can subscribe any more.
  void close() noexcept;

 private:
  struct Entry {
    Monitor::Moment at;
    Event event;
    std::function<Event()> make;        // what makes it; none: it is there
    std::shared_ptr<LatchFlag> marker;  // not an event: raised where it is found
  };
  struct Subscriber {
    std::uint64_t id = 0;
    std::uint64_t kinds = 0;
    Function function;
    std::uint64_t failures = 0;  // the thread's
  };
  // Made with the first subscription: there are many hubs that nobody listens to.
  struct Inbox {
    explicit Inbox(std::size_t most) : entries(most) {}
    boost::lockfree::queue<Entry*, boost::lockfree::fixed_sized<true>> entries;
    EventWakeUp wake_up;
  };
  using Subscribers = std::vector<std::shared_ptr<Subscriber>>;

  template <class Make>
  void enqueue(std::size_t kind, Make&& make) noexcept {
    try {
      if (push(std::make_unique<Entry>(make()))) return;
    } catch (...) {
      // Short of memory: no event is worth more.
    }
    dropped_[kind].fetch_add(1, std::memory_order_relaxed);
  }
  bool push(std::unique_ptr<Entry> entry) noexcept;
  static void run(const std::shared_ptr<EventHub>& self);
  // False: there is more.
  bool pass();
  [[nodiscard]] bool goes_on();
  [[nodiscard]] Time wakes_at();
  void take(Entry& entry);
  void deliver(const Event& event, Monitor::Moment at);
  void call(Subscriber& subscriber, const Event& event, Monitor::Moment at);
  void tell_dropped();
  void tell(std::string_view text) noexcept;
  void forget(std::uint64_t id, std::unique_lock<std::mutex>& lock);
  [[nodiscard]] bool on_own_thread() const { return std::this_thread::get_id() == own_.load(); }

  const Monitor::Settings settings_;
  std::atomic<std::uint64_t> wanted_{0};  // a bit a kind: somebody has subscribed to it
  std::array<std::atomic<std::uint64_t>, kEventKinds> dropped_{};
  // Null before the first subscription; then never another one. Acquire and release: who finds it finds it made.
  std::atomic<Inbox*> inbox_{nullptr};
  std::unique_ptr<Inbox> owned_inbox_;
  std::atomic<std::thread::id> own_{};

  // the thread's
  std::array<std::uint64_t, kEventKinds> told_{};  // of dropped_
  std::uint64_t not_made_ = 0;                     // events that emit_later() was to make
  Time next_told_{};

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<const Subscribers> subscribers_ BRAID_GUARDED_BY(mutex_) = std::make_shared<Subscribers>();
  const Subscriber* in_call_ BRAID_GUARDED_BY(mutex_) = nullptr;
  std::uint64_t last_id_ BRAID_GUARDED_BY(mutex_) = 0;
  std::uint32_t in_a_hurry_ BRAID_GUARDED_BY(mutex_) = 0;  // who waits in flush()
  bool running_ BRAID_GUARDED_BY(mutex_) = false;          // the thread, which has not found out that it is to end
  bool closed_ BRAID_GUARDED_BY(mutex_) = false;
  Trouble trouble_ BRAID_GUARDED_BY(mutex_);
  std::jthread thread_ BRAID_GUARDED_BY(mutex_);
};

}  // namespace braid::engine
