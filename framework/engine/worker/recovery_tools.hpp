#pragma once

#include "engine/ports/clock.hpp"

#include <chrono>
#include <functional>
#include <string_view>

namespace braid::engine {

// What deciding about failed attempts needs of the world. Thread: any; shared by all assignments, whose jobs may
// outlive their application, so that what these functions use must be kept by them.
struct RecoveryTools {
  std::function<Time()> now = [] { return std::chrono::steady_clock::now(); };
  // From 0 to 1, for jitter.
  std::function<double()> random = [] { return 0.0; };
  std::function<void(std::string_view)> warn = [](std::string_view) {};
};

}  // namespace braid::engine
