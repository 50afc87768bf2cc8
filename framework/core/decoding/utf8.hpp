#pragma once

#include <cstddef>
#include <string_view>

namespace braid::core {

// How many bytes from the front are UTF-8: all of them, or up to the first sequence that is not. Overlong forms,
// surrogates and what is beyond U+10FFFF are none. Thread: any.
[[nodiscard]] std::size_t utf8_length(std::string_view bytes);

}  // namespace braid::core
