#include "core/producer/traceparent.hpp"

#include <algorithm>

namespace braid::core {

namespace {

// Lower case alone, as the specification has it.
bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_zero(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c == '0'; });
}

constexpr std::size_t kVersionSize = 2;
constexpr std::size_t kTraceSize = 32;
constexpr std::size_t kParentSize = 16;
constexpr std::size_t kFlagsSize = 2;
constexpr std::size_t kSize = kVersionSize + 1 + kTraceSize + 1 + kParentSize + 1 + kFlagsSize;

}  // namespace

std::optional<Traceparent> parse_traceparent(std::string_view text) {
  if (text.size() < kSize) return std::nullopt;
  const Traceparent found{.version = text.substr(0, kVersionSize),
                          .trace_id = text.substr(kVersionSize + 1, kTraceSize),
                          .parent_id = text.substr(kVersionSize + 1 + kTraceSize + 1, kParentSize),
                          .flags = text.substr(kSize - kFlagsSize, kFlagsSize)};
  for (const std::size_t dash : {kVersionSize, kVersionSize + 1 + kTraceSize, kSize - kFlagsSize - 1}) {
    if (text[dash] != '-') return std::nullopt;
  }
  if (!is_hex(found.version) || !is_hex(found.trace_id) || !is_hex(found.parent_id) || !is_hex(found.flags)) {
    return std::nullopt;
  }
  if (found.version == "ff" || is_zero(found.trace_id) || is_zero(found.parent_id)) return std::nullopt;
  if (text.size() > kSize && (found.version == "00" || text[kSize] != '-')) return std::nullopt;
  return found;
}

}  // namespace braid::core
