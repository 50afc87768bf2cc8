#pragma once

#include "integration/faults/judge.hpp"
#include "integration/faults/stage.hpp"

#include <string>
#include <vector>

namespace braid::faults {

// Something that goes wrong, on a stage that is warm.
struct FaultKind {
  const char* name;
  // Makes it happen and pass again, all the time waiting for the stage to go on; how often it happened, 0 when the
  // stage did not go on. What may then be otherwise goes to the expectation.
  int (*happen)(Stage& stage, Expectation& expectation);
  bool proxied = false;
  bool hangs = false;
  int connections = 1;  // of each application
  bool static_members = false;
  std::vector<std::string> arguments = {};  // more of the applications'
  // The combination that is tried when there is time for one only.
  const char* flow;
  const char* protocol;
};

[[nodiscard]] const std::vector<FaultKind>& fault_kinds();

}  // namespace braid::faults
