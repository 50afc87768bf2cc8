#include "core/recovery/filter_chain.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <string_view>
#include <utility>

namespace braid::core {

namespace {

constexpr std::size_t kTextMost = 256;
// A filter that waits for what is over would keep the listener busy.
constexpr Duration kLeastWait = std::chrono::milliseconds(1);

}  // namespace

void FilterChain::note(const Link& link, const Message& message, std::string_view text, FilterReport& report) {
  if (report.errors++ > 0) return;
  report.first_filter = link.name;
  report.first_text = text.substr(0, kTextMost);
  report.first_offset = message.offset();
}

// Within a handler of what it threw.
void FilterChain::note_thrown(const Link& link, const Message& message, FilterReport& report) {
  try {
    throw;
  } catch (const std::exception& error) {
    note(link, message, error.what(), report);
  } catch (...) {
    // An int or the like: the listener's loop must survive that, too.
    note(link, message, "threw something that is no std::exception", report);
  }
}

// Says by its return value alone what it found: GCC 12 takes a variable that a lambda would have set, had it not
// thrown, for set all the same.
Verdict FilterChain::ask_one(std::size_t i, const Message& message, const FilterTime& time, FilterReport& report) {
  try {
    const Verdict verdict = links_[i].filter->ask(message, time);
    threw_[i] = false;
    return verdict;
  } catch (...) {
    note_thrown(links_[i], message, report);
  }
  threw_[i] = true;
  return Verdict::pass();
}

Verdict FilterChain::ask(const Message& message, const FilterTime& time, FilterReport& report) {
  for (std::size_t i = 0; i < links_.size(); ++i) {
    const Verdict verdict = ask_one(i, message, time, report);
    if (verdict.kind() == Verdict::Kind::wait) {
      return Verdict::wait(std::max(verdict.until(), time.now + kLeastWait));
    }
    if (verdict.kind() == Verdict::Kind::skip) return verdict;
  }
  for (std::size_t i = 0; i < links_.size(); ++i) {
    // Who could not say whether it may pass is not told that it did.
    if (threw_[i]) continue;
    try {
      links_[i].filter->passed(message, time);
    } catch (...) {
      note_thrown(links_[i], message, report);
    }
  }
  return Verdict::pass();
}

FilterChain::Look FilterChain::look(std::span<const Message> messages, std::size_t most, const FilterTime& time,
                                    FilterReport& report) {
  Look look;
  skipped_.clear();
  if (waits_until_ && time.now < *waits_until_) return look;
  waits_until_.reset();
  for (const Message& message : messages) {
    if (look.passed == most) break;
    const Verdict verdict = ask(message, time, report);
    if (verdict.kind() == Verdict::Kind::wait) {
      waits_until_ = verdict.until();
      break;
    }
    if (verdict.kind() == Verdict::Kind::skip) {
      skipped_.push_back(look.looked);
    } else {
      ++look.passed;
    }
    ++look.looked;
  }
  return look;
}

}  // namespace braid::core
