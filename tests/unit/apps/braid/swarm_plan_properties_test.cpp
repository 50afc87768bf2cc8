#include "apps/braid/src/swarm_plan.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <csignal>
#include <set>

namespace braid::app {
namespace {

using namespace std::chrono_literals;

constexpr ChildStatus kWell{};
ChildStatus code(int number) {
  return {.signal = std::nullopt, .code = number};
}
ChildStatus by(int signal) {
  return {.signal = signal, .code = 0};
}

// Whatever happens, in whatever order: no node is started twice at once, none is signalled that does not run, and
// after a stop all is over by the deadlines.
RC_GTEST_PROP(PlanProperties, NeverStartsTwiceAndAlwaysEnds, ()) {
  SwarmRules rules{.processes = 3, .memory_limit = 1000, .max_failures = *rc::gen::inRange(0U, 4U)};
  rules.restart_finished = *rc::gen::arbitrary<bool>();
  SwarmTime now{};
  SwarmPlan plan(rules, now);
  std::set<std::uint32_t> running;
  const auto obey = [&] {
    for (const SwarmOrder& order : plan.turn(now)) {
      if (order.kind == SwarmOrder::Kind::start) {
        const bool first = running.insert(order.node).second;
        RC_ASSERT(first);
        plan.handle_started(order.node, now);
        continue;
      }
      RC_ASSERT(running.contains(order.node));
      if (order.signal != SIGKILL) continue;
      running.erase(order.node);
      plan.handle_ended(order.node, by(SIGKILL), now);
    }
  };
  const int steps = *rc::gen::inRange(0, 60);
  for (int i = 0; i < steps && !plan.stopping(); ++i) {
    const auto node = *rc::gen::inRange(0U, 3U);
    switch (*rc::gen::inRange(0, 6)) {
      case 0:
        now += *rc::gen::inRange(0, 50) * 1s;
        break;
      case 1:
        if (running.erase(node) > 0) {
          plan.handle_ended(node, *rc::gen::element(kWell, code(1), by(SIGSEGV)), now);
        }
        break;
      case 2:
        if (running.contains(node)) plan.handle_beat(node, now);
        break;
      case 3:
        if (running.contains(node)) plan.handle_resident(node, *rc::gen::inRange(0U, 2000U), now);
        break;
      case 4:
        plan.handle_last_beat(node);
        break;
      default:
        plan.handle_signal(SIGHUP, now);
        break;
    }
    obey();
    RC_ASSERT(!running.empty() || plan.over() || plan.wakes_at());
  }
  plan.handle_signal(SIGTERM, now);
  obey();
  for (int i = 0; i < 20 && !plan.over(); ++i) {
    const auto at = plan.wakes_at();
    RC_ASSERT(at.has_value());
    now = std::max(now, *at);
    obey();
  }
  RC_ASSERT(plan.over());
  RC_ASSERT(running.empty());
}

}  // namespace
}  // namespace braid::app
