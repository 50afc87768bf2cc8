#pragma once

#include <string>

namespace braid::engine {

// Names the calling thread as debuggers and /proc show it; at most 15 characters, the rest is cut.
void name_this_thread(const std::string& name) noexcept;

}  // namespace braid::engine
