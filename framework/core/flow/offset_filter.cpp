#include "core/flow/offset_filter.hpp"

namespace braid::core {

OffsetFilter::Passed OffsetFilter::pass(std::vector<Message>& messages, std::size_t from,
                                        std::vector<Message>& stale) {
  Passed passed;
  if (from >= messages.size()) return passed;
  Offset expected = expected_.value_or(messages[from].offset());
  std::size_t kept = from;
  for (std::size_t i = from; i < messages.size(); ++i) {
    const Offset offset = messages[i].offset();
    if (offset < expected) {
      stale.push_back(messages[i]);
      ++passed.stale;
      continue;
    }
    if (offset > expected) ++passed.jumps;
    expected = Offset{offset.value + 1};
    if (kept != i) messages[kept] = messages[i];
    ++kept;
  }
  messages.resize(kept);
  expected_ = expected;
  return passed;
}

}  // namespace braid::core
