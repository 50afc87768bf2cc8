#include "integration/faults/fault_fixture.hpp"
#include "integration/faults/fault_kinds.hpp"
#include "integration/faults/report.hpp"
#include "integration/faults/stage.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace braid::faults {
namespace {

struct Case {
  const FaultKind* kind;
  Combination combination;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const FaultKind& kind : fault_kinds()) {
    if (all_combinations()) {
      for (const Combination& combination : combinations()) all.push_back({&kind, combination});
    } else {
      all.push_back({&kind, {kind.flow, kind.protocol}});
    }
  }
  return all;
}

class EachFault : public FaultTest, public ::testing::WithParamInterface<Case> {};

// Two applications, and one thing that goes wrong under a steady stream.
TEST_P(EachFault, LosesNothingAndRepeatsOnlyWhatWasNotCommitted) {
  const auto& [kind, combination] = GetParam();
  Stage stage({.flow = combination.flow,
               .protocol = combination.protocol,
               .proxied = kind->proxied,
               .arguments = kind->arguments,
               .hangs = kind->hangs,
               .connections = kind->connections,
               .static_members = kind->static_members});
  Expectation expectation;
  int times = 0;
  if (stage.begin(2)) {
    times = kind->happen(stage, expectation);
    EXPECT_GT(times, 0) << "it does not go on";
  } else {
    ADD_FAILURE() << "it does not work before anything fails";
  }
  report(kind->name, combination.flow, combination.protocol, times, stage.close(expectation));
}

INSTANTIATE_TEST_SUITE_P(Faults, EachFault, ::testing::ValuesIn(cases()), [](const auto& tested) {
  return std::string(tested.param.kind->name) + "_" + tested.param.combination.flow + "_" +
         tested.param.combination.protocol;
});

}  // namespace
}  // namespace braid::faults
