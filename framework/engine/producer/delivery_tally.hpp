#pragma once

#include "engine/ports/clock.hpp"

#include <braid/result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace braid::engine {

class EventHub;

// Tells as events what became of a producer's records: summed up, since each by itself would cost more than sending
// it. While nobody listens it keeps nothing. Thread: one at a time: whose turn it is.
class DeliveryTally {
 public:
  static constexpr Duration kEach = std::chrono::seconds(1);
  // Kinds of failures that are told apart; what is beyond that goes together, by kind alone.
  static constexpr std::size_t kMostKinds = 64;

  // What a producer has done so far.
  struct Done {
    std::uint64_t delivered = 0;
    std::uint64_t failed = 0;
    std::uint64_t outstanding = 0;
  };

  // Without a hub nobody ever listens.
  DeliveryTally(std::string producer, std::shared_ptr<EventHub> hub);

  void note_failure(std::string_view topic, const Error& error);
  // Whether look() has anything to do: without that it costs the load of a number.
  [[nodiscard]] bool is_due() const { return begun_ || is_heard(); }
  // As often as its owner likes; tells at most each second.
  void look(const Done& done, Time now);
  // Whatever the time: nothing follows.
  void finish(const Done& done, Time now);

  void tell_replaced(std::uint64_t sent_again, std::uint64_t replacements, std::string_view error) const;
  void tell_failed(std::string_view error) const;

 private:
  struct Failures {
    std::uint64_t records = 0;
    std::string first;
  };

  [[nodiscard]] bool is_heard() const;
  void begin(const Done& done, Time now);
  void tell(const Done& done, Time now);

  const std::string producer_;
  const std::shared_ptr<EventHub> hub_;
  bool begun_ = false;  // somebody listens, and what follows is since then
  Done told_;
  Time told_at_{};
  std::map<std::pair<std::string, Error::Kind>, Failures, std::less<>> failures_;
};

}  // namespace braid::engine
