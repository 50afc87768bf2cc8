#pragma once

#include <string>

namespace braid::engine {

// Names the calling thread as debuggers and /proc show it; at most 15 characters, the rest is cut.
void name_this_thread(const std::string& name) noexcept;

// The calling thread's number, as debuggers and /proc tell it.
[[nodiscard]] long thread_number() noexcept;

}  // namespace braid::engine
