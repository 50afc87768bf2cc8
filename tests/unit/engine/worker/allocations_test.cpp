#include "tests/lib/paths.hpp"

#include <gtest/gtest.h>

#include <sys/wait.h>

#include <cstdlib>
#include <string>

namespace braid::engine {
namespace {

// The count is a program of its own, since it replaces the global operator new:
// tests/unit/programs/allocations.cpp.
int run_counter(const std::string& arguments) {
  const int status = std::system((test_paths::program("unit_allocations ") + arguments).c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Allocations, NoMessageCostsOneOnTheSteadyPath) {
  EXPECT_EQ(run_counter(""), 0);
}

TEST(Allocations, TheCounterSeesOneAMessage) {
  EXPECT_EQ(run_counter("--planted"), 1);
}

}  // namespace
}  // namespace braid::engine
