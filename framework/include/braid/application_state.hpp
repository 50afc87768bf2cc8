#pragma once

#include <cstdint>

namespace braid {

// What an application does.
enum class ApplicationState : std::uint8_t {
  idle,  // not started
  running,
  quieting,  // quiet() was called: takes nothing more, finishes what it has
  quiet,     // has finished and committed that, and is still a member of its groups
  stopping,
  stopped,
};

}  // namespace braid
