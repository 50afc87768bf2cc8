#pragma once

#include "core/time.hpp"

#include <braid/filter.hpp>
#include <braid/message.hpp>
#include <braid/offset.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace braid::core {

// What filters threw, since it was last looked at.
struct FilterReport {
  std::uint32_t errors = 0;
  std::string first_filter;  // the name of the first one that threw
  std::string first_text;    // at most 256 bytes
  Offset first_offset;       // of the message that it was asked about
};

// The filters of one stage. Each message is asked about in its turn: when all let it pass, all are told at once, so
// that what counts in passed() counts each message once, however often it was asked about before.
//
//   ask, ask, ask ──all pass──▶ passed, passed, passed      the next message
//         └──skip, wait──▶ nobody is told
//
// What filters throw stays in here. Thread: none; pure, as far as the filters are. Owned by who runs the partition,
// for one assignment.
class FilterChain {
 public:
  struct Link {
    std::string name;
    std::unique_ptr<Filter> filter;
  };
  struct Look {
    std::size_t looked = 0;  // messages from the front: each passes, or is in skipped()
    std::size_t passed = 0;
  };

  explicit FilterChain(std::vector<Link> links) : links_(std::move(links)), threw_(links_.size()) {}

  [[nodiscard]] bool empty() const { return links_.empty(); }

  // What becomes of one message now. A wait is always for later.
  Verdict ask(const Message& message, const FilterTime& time, FilterReport& report);

  // The same of several, in order, until `most` have passed or one waits: that is the head, which nobody is asked
  // about again before its time.
  Look look(std::span<const Message> messages, std::size_t most, const FilterTime& time, FilterReport& report);
  // Of the last look(): the places of those that are skipped, ascending.
  [[nodiscard]] const std::vector<std::size_t>& skipped() const { return skipped_; }
  // Until when the head waits; none: nothing does.
  [[nodiscard]] std::optional<Time> waits_until() const { return waits_until_; }
  // The head is asked about again in any case.
  void forget_wait() { waits_until_.reset(); }

 private:
  void note(const Link& link, const Message& message, std::string_view text, FilterReport& report);
  void note_thrown(const Link& link, const Message& message, FilterReport& report);
  Verdict ask_one(std::size_t i, const Message& message, const FilterTime& time, FilterReport& report);

  std::vector<Link> links_;
  std::optional<Time> waits_until_;

  // scratch
  std::vector<char> threw_;  // by link, of the message in hand
  std::vector<std::size_t> skipped_;
};

}  // namespace braid::core
