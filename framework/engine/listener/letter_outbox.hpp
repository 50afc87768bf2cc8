#pragma once

#include "engine/listener/mailbox.hpp"
#include "engine/ports/clock.hpp"
#include "engine/ports/dead_letter_sink.hpp"
#include "engine/ports/log.hpp"
#include "engine/worker/share.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace braid::engine {

// Dead letters of one assignment on their way: each is sent until it is acknowledged, behind a failure after the
// topic's backoff. Its share waits meanwhile, and so do the letter and the message.
//
//   waiting ──due──▶ sent ──acknowledged──▶ gone
//      ▲              │
//      └────failed────┘
//
// Thread: the listener's. A part of its runner.
class LetterOutbox {
 public:
  LetterOutbox(Assignment& assignment, DeadLetterSink* sink, std::shared_ptr<Mailbox> mailbox, Log& log)
      : assignment_(assignment), sink_(sink), mailbox_(std::move(mailbox)), log_(log) {}

  // Sends all letters of the share, which is not in the pool until they are acknowledged.
  void send(Share& share);
  // Sends a letter that belongs to no share any more.
  void send(Offset offset, DeadLetter letter);
  // The letter of an answer that was acknowledged, which has left; none: it goes on waiting, or is none of ours.
  struct Acknowledged {
    Share* share = nullptr;  // none: it belonged to none
    std::uint32_t index = 0;
    Offset offset;
  };
  [[nodiscard]] std::optional<Acknowledged> take(const LetterAnswer& answer, Time now);
  // Those whose pause is over.
  void send_again(Time now);
  [[nodiscard]] std::optional<Time> wakes_at() const;
  // Letters of this share are on their way, or wait to be sent again.
  [[nodiscard]] bool holds_of(const Share& share) const;
  [[nodiscard]] std::size_t size() const { return sent_.size() + waiting_.size(); }
  // Nothing is sent any more; what is on its way may still be acknowledged.
  void refuse();

 private:
  struct Entry {
    Share* share = nullptr;
    std::uint32_t index = 0;                  // of its message
    std::shared_ptr<const DeadLetter> own{};  // of no share
    Offset offset;
    std::uint32_t tries = 0;
    Time due{};  // waiting
  };
  void send(const Entry& entry);
  [[nodiscard]] const DeadLetter* letter_of(const Entry& entry) const;
  void note_failure(const Entry& entry, const Error& error, Duration pause);

  Assignment& assignment_;
  DeadLetterSink* sink_;
  std::shared_ptr<Mailbox> mailbox_;
  Log& log_;
  std::map<std::uint64_t, Entry> sent_;  // by token
  std::vector<Entry> waiting_;
  bool refuses_ = false;
};

}  // namespace braid::engine
