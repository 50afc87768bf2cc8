#pragma once

#include <string>
#include <string_view>

namespace braid::ops {

// The text with every byte that is no UTF-8 replaced, so that any reader takes it.
[[nodiscard]] std::string valid_utf8(std::string_view text);
// As a JSON string, with its quotes.
[[nodiscard]] std::string json_string(std::string_view text);

}  // namespace braid::ops
