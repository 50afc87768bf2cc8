#include "integration/faults/fault_kinds.hpp"

#include "mock/application/eventually.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <string>

namespace braid::faults {
namespace {

using application_test::eventually;
using namespace std::chrono_literals;

// Messages that are written in about so much time.
int within(const Stage& stage, std::chrono::milliseconds time) {
  return static_cast<int>(stage.options().messages_a_second * time / 1s);
}

// SIGKILL of a node, work without it, and its return.
bool go_without(Stage& stage, int node) {
  stage.nodes().cluster.kill(node);
  stage.tell("node " + std::to_string(node) + " is gone");
  const bool went_on = stage.goes_on(within(stage, 3s));
  stage.tell("it went on");
  stage.nodes().cluster.restart(node);
  stage.tell("node " + std::to_string(node) + " is back");
  return went_on && stage.nodes().in_step({stage.topic(), "__consumer_offsets"}) &&
         stage.goes_on(within(stage, 1s));
}

int kill_broker(Stage& stage, Expectation&) {
  const int coordinator = stage.nodes().coordinator_of(stage.group());
  const int controller = stage.nodes().controller();
  int node = 1;
  while (node == coordinator || node == controller) ++node;
  return go_without(stage, node) ? 1 : 0;
}

int kill_controller(Stage& stage, Expectation&) {
  const int node = stage.nodes().controller();
  return go_without(stage, node) && stage.nodes().controller() != node ? 1 : 0;
}

int kill_coordinator(Stage& stage, Expectation&) {
  return go_without(stage, stage.nodes().coordinator_of(stage.group())) ? 1 : 0;
}

int move_leaders(Stage& stage, Expectation&) {
  int times = 0;
  for (const std::string& topic :
       {stage.topic(), std::string("__consumer_offsets"), stage.topic(), stage.topic()}) {
    stage.nodes().move_leaders(topic);
    if (!stage.goes_on(within(stage, 1s))) return 0;
    ++times;
  }
  return times;
}

int stop_application(Stage& stage, Expectation& expectation) {
  expectation.outlived.insert(static_cast<std::int32_t>(stage.application(0).pid()));
  stage.application(0).signal(SIGSTOP);
  // All goes on only when the others have got its partitions, so its session has ended.
  const bool went_on = stage.goes_on(within(stage, 500ms));
  stage.tell("the others have what it had");
  stage.application(0).signal(SIGCONT);
  return went_on && stage.works(0, 200) && stage.goes_on(within(stage, 1s)) ? 1 : 0;
}

int kill_application(Stage& stage, Expectation&) {
  stage.kill_application(0);
  const std::size_t next = stage.start_application();
  return stage.works(next, 200) && stage.goes_on(within(stage, 1s)) ? 1 : 0;
}

// A share that does not come back: its connection leaves the group, and says why; others do what it had.
int overrun(Stage& stage, Expectation& expectation) {
  int times = 0;
  for (const std::size_t whom : {0, 1}) {
    // What the share has behind that message it works on when it is let go, and it counts no more.
    expectation.outlived.insert(static_cast<std::int32_t>(stage.application(whom).pid()));
    if (!stage.hang(whom)) return 0;
    stage.tell("a share hangs");
    const bool said = stage.says(whom, "which is longer than max_processing_time (");
    // The message that hangs is in their partitions too.
    const bool went_on = said && stage.goes_on(within(stage, 500ms));
    stage.tell(went_on ? "the others have done what it had" : "it does not go on");
    stage.let_go(whom);
    if (!went_on || !stage.says(whom, "what ran for too long has returned") || !stage.works(whom, 200)) return 0;
    if (!stage.goes_on(within(stage, 1s))) return 0;
    ++times;
  }
  return times;
}

// A static member that is killed and back within its session: nobody else notices.
int return_in_time(Stage& stage, Expectation&) {
  constexpr int kTimes = 2;
  const std::size_t farewells = stage.farewells(1);
  std::size_t member = 0;
  for (int time = 0; time < kTimes; ++time) {
    stage.kill_application(member);
    stage.tell("a static member is gone");
    member = stage.start_application();
    if (!stage.works(member, 200) || !stage.goes_on(within(stage, 1s))) return 0;
    stage.tell("it is back");
  }
  EXPECT_EQ(stage.farewells(1), farewells) << "there was a rebalance";
  return kTimes;
}

// Applications with several connections each lose a node, their leaders, and one another.
int trouble_with_connections(Stage& stage, Expectation& expectation) {
  const bool went_on = kill_coordinator(stage, expectation) != 0 && move_leaders(stage, expectation) != 0 &&
                       kill_application(stage, expectation) != 0;
  return went_on ? 3 : 0;
}

int join_and_leave(Stage& stage, Expectation&) {
  constexpr int kTimes = 4;
  for (int time = 0; time < kTimes; ++time) {
    const std::size_t next = stage.start_application();
    if (!stage.works(next, 100) || !stage.written(within(stage, 500ms))) return 0;
    stage.end_application(next);
    if (!stage.goes_on(within(stage, 500ms))) return 0;
  }
  return 2 * kTimes;
}

int cut_network(Stage& stage, Expectation& expectation) {
  expectation.all_may_outlive = true;
  int times = 0;
  for (const auto time : {0ms, 1'500ms, 0ms, 8'000ms}) {  // the last one beyond the session
    if (time == 0ms) {
      stage.nodes().proxy.cut_once();
    } else {
      stage.nodes().proxy.cut();
    }
    const bool was_written = stage.written(within(stage, time));
    stage.nodes().proxy.pass();
    if (!was_written || !stage.goes_on(within(stage, 500ms))) return 0;
    ++times;
  }
  return times;
}

int delay_network(Stage& stage, Expectation& expectation) {
  expectation.all_may_outlive = true;
  int times = 0;
  for (const auto time : {50ms, 400ms}) {
    stage.nodes().proxy.delay(time);
    if (!stage.goes_on(within(stage, 2s))) return 0;
    ++times;
  }
  stage.nodes().proxy.pass();
  return stage.goes_on(within(stage, 1s)) ? times : 0;
}

int trickle_network(Stage& stage, Expectation& expectation) {
  expectation.all_may_outlive = true;
  // Less than what is written, so that the applications fall behind.
  stage.nodes().proxy.trickle(8'000);
  const bool was_written = stage.written(within(stage, 4s));
  stage.nodes().proxy.pass();
  return was_written && stage.goes_on(within(stage, 1s)) ? 1 : 0;
}

}  // namespace

const std::vector<FaultKind>& fault_kinds() {
  static const std::vector<FaultKind> kinds{
      {.name = "broker_kill", .happen = kill_broker, .flow = "continuous", .protocol = "cooperative"},
      {.name = "controller_kill", .happen = kill_controller, .flow = "batch", .protocol = "eager"},
      {.name = "coordinator_kill", .happen = kill_coordinator, .flow = "batch", .protocol = "cooperative"},
      {.name = "leader_moves", .happen = move_leaders, .flow = "continuous", .protocol = "eager"},
      {.name = "app_stop", .happen = stop_application, .flow = "continuous", .protocol = "cooperative"},
      {.name = "app_kill", .happen = kill_application, .flow = "continuous", .protocol = "eager"},
      {.name = "overrun",
       .happen = overrun,
       .hangs = true,
       .arguments = {"max_processing_ms=5000", "drain_ms=1000", "slow_us=1000"},
       .flow = "continuous",
       .protocol = "cooperative"},
      {.name = "join_leave", .happen = join_and_leave, .flow = "batch", .protocol = "cooperative"},
      {.name = "static_return",
       .happen = return_in_time,
       .static_members = true,
       .flow = "continuous",
       .protocol = "eager"},
      {.name = "two_connections",
       .happen = trouble_with_connections,
       .connections = 2,
       .flow = "continuous",
       .protocol = "cooperative"},
      {.name = "net_cut", .happen = cut_network, .proxied = true, .flow = "batch", .protocol = "eager"},
      {.name = "net_delay", .happen = delay_network, .proxied = true, .flow = "batch", .protocol = "cooperative"},
      {.name = "net_trickle",
       .happen = trickle_network,
       .proxied = true,
       .flow = "continuous",
       .protocol = "eager"},
  };
  return kinds;
}

}  // namespace braid::faults
