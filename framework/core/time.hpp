#pragma once

#include <chrono>

namespace braid::core {

// Time is an argument here: nothing in core reads a clock.
using Time = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

}  // namespace braid::core
