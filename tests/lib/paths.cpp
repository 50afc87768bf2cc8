#include "tests/lib/paths.hpp"

namespace braid::test_paths {

std::string source(const std::string& path) {
  return std::string(BRAID_SOURCE_DIR "/") + path;
}

std::string program(const std::string& name) {
  return std::string(BRAID_PROGRAM_DIR "/") + name;
}

}  // namespace braid::test_paths
