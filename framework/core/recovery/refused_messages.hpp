#pragma once

#include "core/time.hpp"

#include <braid/offset.hpp>
#include <braid/result.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace braid::core {

// A record of a transaction that was refused for good: it would be again, however often it were sent.
struct RefusedRecord {
  // What it was produced for: one of these messages, or just that one. None: for no message, as a dead letter.
  std::optional<OffsetRange> of;
  // A broker refuses all that came in one request with it: where there are several, any of them may be to blame.
  bool with_others = false;
  Error error;
  bool maybe_a_letter =
      false;  // `of` are all messages that anything was sent for, and it may have been a dead letter
};

// What a transaction has failed by: a record of one of these messages; where it is one, of that.
struct Refusal {
  OffsetRange of;
  Error error;
  bool suspected = false;  // though it is one: it may as well be a dead letter's, which is no message's fault
};

// Who is to blame for what of one transaction was refused. Each message once; those of whom nobody can say which it
// was are told as one range. None: no message is.
[[nodiscard]] std::vector<Refusal> blame(std::span<const RefusedRecord> refused);

// Messages of a partition by whose records transactions have failed, over its generations: an attempt that returned
// long before, and now has failed all the same. Held until the position has passed them.
//
// Where it is not known which of several messages it was, all up to the last of them run alone, each in a
// transaction of its own: that tells.
// Thread: none; pure. One owner, who gives copies away.
class RefusedMessages {
 public:
  struct Failures {
    Error error;              // the last one
    std::uint32_t times = 0;  // transactions that have failed by it
    Time first{};             // of these
  };

  void note(const Refusal& refusal, Time now);
  // Everything below is committed.
  void passed(CommitPosition position);

  [[nodiscard]] bool empty() const { return failures_.empty() && !alone_through_; }
  // Null: no transaction has failed by it.
  [[nodiscard]] const Failures* of(Offset offset) const;
  // None: messages may share batches and transactions.
  [[nodiscard]] std::optional<Offset> alone_through() const { return alone_through_; }

 private:
  std::map<Offset, Failures> failures_;
  std::optional<Offset> alone_through_;
};

}  // namespace braid::core
