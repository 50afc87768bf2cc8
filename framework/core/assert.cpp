#include "core/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace braid::core {

void assertion_failed(const char* condition, const char* message, const char* file, int line) noexcept {
  // The one output of core: whoever would report it for us may be what is broken.
  std::fprintf(stderr, "%s:%d: assertion failed: %s: %s\n", file, line, condition, message);
  std::fflush(stderr);
  std::abort();
}

}  // namespace braid::core
