// Where the tests' files are.
#pragma once

#include <string>

namespace braid::test_paths {

// A file of the source tree, by its path below the root. Absolute. Thread: any.
[[nodiscard]] std::string source(const std::string& path);

// A program of the tests that was built beside them (tests/RING/programs/NAME.cpp is RING_NAME). Absolute. Thread:
// any.
[[nodiscard]] std::string program(const std::string& name);

}  // namespace braid::test_paths
