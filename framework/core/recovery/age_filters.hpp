#pragma once

#include "core/time.hpp"

#include <braid/filter.hpp>

#include <chrono>
#include <optional>

namespace braid::core {

// Not before a message has its age. One without a timestamp passes; one whose timestamp is ahead of our clock is
// taken to be new when it is first asked about, so that nobody's clock can hold a partition for ever; and those
// behind it are as much younger as their timestamps say, so that they don't wait one by one.
// Thread: the listener's; see Filter.
class Delay final : public Filter {
 public:
  // The wall clock may be set while a message waits, so it is looked at again at least so often.
  static constexpr std::chrono::minutes kLookAgain{1};

  explicit Delay(std::chrono::milliseconds age) : age_(age) {}

  Verdict ask(const Message& message, const FilterTime& time) override;

 private:
  // The last message of the future, and when it counts as new.
  struct Ahead {
    Offset offset;
    std::chrono::system_clock::time_point timestamp;
    Time since;
  };
  [[nodiscard]] Time new_at(const Message& message, Time now) const;

  std::chrono::milliseconds age_;
  std::optional<Ahead> ahead_;
};

// Skips what is older than that. One without a timestamp passes. Thread: the listener's; see Filter.
class Expire final : public Filter {
 public:
  explicit Expire(std::chrono::milliseconds age) : age_(age) {}

  Verdict ask(const Message& message, const FilterTime& time) override;

 private:
  std::chrono::milliseconds age_;
};

}  // namespace braid::core
