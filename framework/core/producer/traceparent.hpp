#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace braid::core {

inline constexpr std::string_view kTraceparent = "traceparent";
inline constexpr std::string_view kTracestate = "tracestate";

// W3C's trace context, as the header `traceparent` says it: "00-<32 hex>-<16 hex>-<2 hex>". Thread: a value.
struct Traceparent {
  std::string_view version;
  std::string_view trace_id;
  std::string_view parent_id;
  std::string_view flags;
};

// None where the text is malformed, or says that nothing is traced (an id of zeros); W3C has such a header, and the
// tracestate beside it, ignored. Versions above 00 may carry more behind the flags, which is left out.
[[nodiscard]] std::optional<Traceparent> parse_traceparent(std::string_view text);

}  // namespace braid::core
