#pragma once

#include "integration/faults/judge.hpp"

#include <string>

namespace braid::faults {

// A line of the table that is printed when all tests have run, and, for the runner, a line that begins with RESULT.
void report(const std::string& fault, const std::string& flow, const std::string& protocol, int times,
            const Verdict& verdict);

}  // namespace braid::faults
