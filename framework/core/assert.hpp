#pragma once

namespace braid::core {

// Prints where, what and why to stderr and ends the process. Thread: any.
[[noreturn]] void assertion_failed(const char* condition, const char* message, const char* file, int line) noexcept;

}  // namespace braid::core

// A mistake of ours: what must hold, and how the process would be wrong if it went on. On in release builds too, so
// keep the condition cheap. The message is a C string.
#define BRAID_ASSERT(condition, message)                                          \
  do {                                                                            \
    if (!(condition)) [[unlikely]] {                                              \
      ::braid::core::assertion_failed(#condition, (message), __FILE__, __LINE__); \
    }                                                                             \
  } while (false)
