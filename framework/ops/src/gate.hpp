#pragma once

#include "http.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Who may ask at all, and who may command. Thread: values, and functions without state; any.

namespace braid::ops {

struct Gate {
  std::vector<std::string> names;    // by which it may be called, beside localhost and plain addresses
  std::vector<std::string> origins;  // of pages that may ask, beside its own
};

// A web page of somebody else's can make a browser send requests here: under a name that it lets point to this
// machine (then the Host header has that name), or across origins (then there is an Origin). None: it may go on.
[[nodiscard]] std::optional<Response> refuse(const Gate& gate, const Request& request);

// Takes the same time wherever they differ, so that nobody can find a token byte by byte. Never the same where
// `expected` is empty.
[[nodiscard]] bool same_token(std::string_view given, std::string_view expected);

}  // namespace braid::ops
