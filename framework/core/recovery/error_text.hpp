#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace braid::core {

// At most so many bytes of a text, and valid UTF-8 whatever it was: it is cut between characters, and what is none
// becomes a question mark.
[[nodiscard]] std::string bounded_utf8(std::string_view text, std::size_t most);

}  // namespace braid::core
