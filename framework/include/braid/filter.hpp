#pragma once

#include <braid/message.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace braid {

// What is to become of a message now. Thread: a value.
class Verdict {
 public:
  enum class Kind : std::uint8_t {
    pass,  // it may go on, as far as this filter is concerned
    skip,  // no consumer sees it, and it counts as done
    wait,  // not now: ask again at until(); what is behind it waits, too
  };
  using Time = std::chrono::steady_clock::time_point;

  [[nodiscard]] static constexpr Verdict pass() { return {Kind::pass, {}}; }
  [[nodiscard]] static constexpr Verdict skip() { return {Kind::skip, {}}; }
  [[nodiscard]] static constexpr Verdict wait(Time until) { return {Kind::wait, until}; }

  [[nodiscard]] constexpr Kind kind() const { return kind_; }
  // Means something only of `wait`.
  [[nodiscard]] constexpr Time until() const { return until_; }

 private:
  constexpr Verdict(Kind kind, Time until) : kind_(kind), until_(until) {}

  Kind kind_;
  Time until_;
};

// The time when a filter is asked: filters read no clock, so that a test can drive them. Thread: a value.
struct FilterTime {
  std::chrono::steady_clock::time_point now{};   // never goes back: for intervals, and for until when to wait
  std::chrono::system_clock::time_point wall{};  // what message timestamps are compared with; may be set

  // How old the record is; negative where its producer's clock is ahead of ours, nothing where it has no timestamp.
  [[nodiscard]] std::optional<std::chrono::milliseconds> age(const Message& message) const;
};

// Where a filter is asked.
enum class FilterStage : std::uint8_t {
  // Before messages are given their virtual partitions: a message that waits holds all of its partition.
  partition,
  // With `flow: continuous`, when a message would run: one that waits holds its virtual partition alone, until that
  // one's queue is full (`max_queued`). With `flow: batch`, as `partition`.
  virtual_partition,
};

// Stands before the consumers of a topic and says of each message whether it may go on, is skipped, or waits. The
// framework has throttle(), throttle_by_key(), delay() and expire(), which are filters like any other
// (<braid/routing/filters.hpp>); derive from this for your own:
//
//   class OnlyOrders : public braid::Filter {
//    public:
//     braid::Verdict ask(const braid::Message& message, const braid::FilterTime&) override {
//       return message.key().starts_with("order-") ? braid::Verdict::pass() : braid::Verdict::skip();
//     }
//   };
//
// A topic's filters are asked in their order, those of the partition's stage first, and the first that does not say
// pass decides. So a filter may be asked about a message several times: again and again while it waits, whoever
// lets it. A filter that counts must therefore do so in passed(), which is called once, when all filters of its
// stage have let the message pass.
//
// One that throws is reported, not for each message, and lets the message pass; the other filters are still asked.
//
// Thread: the listener's; each assignment of a partition has objects of its own, so state may be kept in members,
// without locks. It is lost when the assignment ends. The listener serves all partitions of its connection: be
// quick, never block, and do no I/O here.
class Filter {
 public:
  virtual ~Filter() = default;
  // What is to become of the message now. It is a view, and must not be kept.
  [[nodiscard]] virtual Verdict ask(const Message& message, const FilterTime& time) = 0;
  // All filters of this stage let the message pass: it goes on now, and no filter of it is asked about it again.
  virtual void passed(const Message& /*message*/, const FilterTime& /*time*/) {}
  // Asked once.
  [[nodiscard]] virtual FilterStage stage() const { return FilterStage::partition; }
};

}  // namespace braid
