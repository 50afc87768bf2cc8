#pragma once

#include <braid/event.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <variant>

namespace braid {

namespace engine {
class EventHub;
}

// As long as it lives, its function hears of events. An empty one does nothing.
// Thread: a value; any one at a time.
class Subscription {
 public:
  Subscription() = default;
  ~Subscription() { end(); }
  Subscription(Subscription&& other) noexcept : hub_(std::move(other.hub_)), id_(std::exchange(other.id_, 0)) {}
  Subscription& operator=(Subscription&& other) noexcept;

  // From here on the function is not called, and not running any more: it is waited for, unless this is called by a
  // subscriber. Holding what the function waits for would be a deadlock.
  void end() noexcept;
  // It lasts as long as the monitor.
  void keep() noexcept;
  [[nodiscard]] explicit operator bool() const { return id_ != 0; }

  // For Monitor alone.
  Subscription(std::weak_ptr<engine::EventHub> hub, std::uint64_t id) : hub_(std::move(hub)), id_(id) {}

 private:
  std::weak_ptr<engine::EventHub> hub_;
  std::uint64_t id_ = 0;
};

// Lets functions hear of what applications do (braid/events.hpp, docs/events.md), before they start and while they
// run:
//
//   auto slow = application.monitor().subscribe<braid::events::BatchSettled>([](const auto& batch) {
//     if (batch.took > 1s) std::cerr << batch.where.topic << " is slow\n";
//   });
//
// Functions run one after another on a thread of the monitor's, `braid-ev`, which is there while anybody
// subscribes; never on one that processes messages. An event that nobody has subscribed to is not made. Those that
// come faster than they are taken are dropped, counted, and told of by EventsDropped and the log. A function that
// throws is reported in the log, and goes on hearing of events. Events that one thread causes come in their order.
// Thread: any.
class Monitor {
 public:
  using Moment = std::chrono::system_clock::time_point;  // when it happened
  struct Settings {
    // Events that wait for their subscribers at most; 1 to 65,000.
    std::size_t max_queued = 16'384;
    // How often PartitionMeasured tells of each partition; at least 1 s, which is how often a listener looks.
    std::chrono::milliseconds measure_each{5'000};
    // What went wrong with a subscriber, in words, instead of the application's log. On the monitor's thread.
    std::function<void(std::string_view)> on_trouble{};
  };

  Monitor();
  // Throws std::invalid_argument for settings out of their bounds.
  explicit Monitor(Settings settings);
  // Ends all subscriptions; as Subscription::end().
  ~Monitor();
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  // Calls function(const E&), or function(const E&, Moment). Throws std::system_error where there is no thread or
  // no descriptor left.
  template <class E, class Function>
  [[nodiscard]] Subscription subscribe(Function function) {
    return add(std::uint64_t{1} << event_kind<E>(),
               [function = std::move(function)](const Event& event, Moment moment) mutable {
                 if constexpr (std::invocable<Function&, const E&, Moment>) {
                   function(*std::get_if<E>(&event), moment);
                 } else {
                   function(*std::get_if<E>(&event));
                 }
               });
  }
  // The same for every event of the catalogue: function(const Event&, Moment).
  [[nodiscard]] Subscription subscribe_all(std::function<void(const Event&, Moment)> function) {
    return add((std::uint64_t{1} << kEventKinds) - 1, std::move(function));
  }

  // Waits until subscribers have heard of all that has happened before. False: not by then, or this is called by
  // one of them.
  bool flush(std::chrono::milliseconds timeout = std::chrono::seconds(1));
  // Events that were dropped so far, of all kinds.
  [[nodiscard]] std::uint64_t dropped() const;

  // For the framework.
  [[nodiscard]] const std::shared_ptr<engine::EventHub>& hub() const { return hub_; }

 private:
  static_assert(kEventKinds < 64, "the kinds of a subscription are bits of one number");
  Subscription add(std::uint64_t kinds, std::function<void(const Event&, Moment)> function);

  std::shared_ptr<engine::EventHub> hub_;
};

}  // namespace braid
