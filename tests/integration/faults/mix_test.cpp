#include "integration/faults/fault_fixture.hpp"
#include "integration/faults/mix_schedule.hpp"
#include "integration/faults/report.hpp"
#include "integration/faults/stage.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <functional>
#include <string>
#include <thread>

namespace braid::faults {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

// Nodes, network and applications go wrong at the same time, each in a lane of its own: one thing after the other,
// with rests between them.
class Mix {
 public:
  Mix(Stage& stage, std::uint64_t seed, steady_clock::time_point until)
      : stage_(stage), seed_(seed), half_(until - mix_time() / 2), until_(until) {}

  // How many things went wrong. The applications' lane is the caller's thread, which they end with.
  int play() {
    std::jthread nodes([this] { lane(0, &Mix::step_of_nodes); });
    std::jthread network([this] { lane(1, &Mix::step_of_network); });
    lane(kApplications, &Mix::step_of_applications);
    nodes.join();
    network.join();
    return times_;
  }

 private:
  using Step = void (Mix::*)(MixSchedule&);
  static constexpr std::uint64_t kApplications = 2;

  void lane(std::uint64_t number, Step step) {
    MixSchedule schedule(seed_, number);
    try {
      while (steady_clock::now() < until_) {
        (this->*step)(schedule);
        ++times_;
        // What nodes, network and applications cost together shows in the first half, and is not to grow in the
        // other.
        if (number == kApplications && !warm_ && steady_clock::now() > half_) {
          warm_ = true;
          stage_.keep_figures();
          stage_.tell("half of it is over");
        }
        if (number == kApplications && steady_clock::now() > figures_at_) {
          figures_at_ += 1min;
          stage_.tell_figures();
        }
        rest(schedule.between(1'000, 5'000));
      }
    } catch (const std::exception& problem) {
      ADD_FAILURE() << "lane " << number << ": " << problem.what();
    }
  }

  // The stage's clock is what is written; where that stands still, so do the lanes, for a minute at most.
  void rest(int milliseconds) {
    EXPECT_TRUE(stage_.written(stage_.options().messages_a_second * milliseconds / 1'000))
        << "nothing can be written";
  }

  void tell(const char* what, int whom, int milliseconds) const {
    stage_.tell(std::string(what) + " " + std::to_string(whom) + ", for " + std::to_string(milliseconds) + " ms");
  }

  void step_of_nodes(MixSchedule& schedule) {
    const int kind = schedule.one_of(5);
    const int any = schedule.between(1, ThreeNodes::kNodes);
    const int time = schedule.between(1'000, 5'000);
    ThreeNodes& nodes = stage_.nodes();
    if (kind >= 3) {
      tell("leaders move", kind, 0);
      nodes.move_leaders(kind == 3 ? stage_.topic() : "__consumer_offsets");
      return;
    }
    const int node = kind == 0 ? any : kind == 1 ? nodes.controller() : nodes.coordinator_of(stage_.group());
    tell("kill of node", node, time);
    nodes.cluster.kill(node);
    rest(time);
    nodes.cluster.restart(node);
    EXPECT_TRUE(nodes.in_step({stage_.topic(), "__consumer_offsets"})) << "the nodes do not get in step";
  }

  void step_of_network(MixSchedule& schedule) {
    const int kind = schedule.one_of(4);
    const int time = schedule.between(500, 9'000);  // at times beyond the session
    Proxy& proxy = stage_.nodes().proxy;
    switch (kind) {
      case 0:
        proxy.cut_once();
        break;
      case 1:
        proxy.cut();
        break;
      case 2:
        proxy.delay(std::chrono::milliseconds(schedule.between(20, 300)));
        break;
      default:
        proxy.trickle(schedule.between(5'000, 50'000));
        break;
    }
    tell("network fails, way", kind, kind == 0 ? 0 : time);
    if (kind != 0) rest(time);
    proxy.pass();
  }

  // The first application is never killed, so that its figures can be compared.
  void step_of_applications(MixSchedule& schedule) {
    const int kind = schedule.one_of(4);
    const int time = schedule.between(500, 9'000);
    const std::size_t last = stage_.applications() - 1;
    if (kind == 0) {
      const std::size_t whom = schedule.one_of(2) == 0 ? 0 : last;
      tell("stop of application", static_cast<int>(whom), time);
      stage_.application(whom).signal(SIGSTOP);
      rest(time);
      stage_.application(whom).signal(SIGCONT);
    } else if (kind == 1) {
      tell("kill of application", static_cast<int>(last), 0);
      stage_.kill_application(last);
      (void)stage_.start_application();
    } else if (kind == 2) {
      const std::size_t whom = schedule.one_of(2) == 0 ? 0 : last;
      tell("a share hangs in application", static_cast<int>(whom), time);
      EXPECT_TRUE(stage_.hang(whom)) << "application " << whom << " begins no message";
      rest(time);  // at times beyond what a share may take
      stage_.let_go(whom);
    } else {
      tell("a join and a leave of application", static_cast<int>(last), time);
      (void)stage_.start_application();
      rest(time);
      stage_.end_application(last);
    }
  }

  Stage& stage_;
  const std::uint64_t seed_;
  const steady_clock::time_point half_;
  const steady_clock::time_point until_;
  bool warm_ = false;                                                 // the applications' lane's
  steady_clock::time_point figures_at_ = steady_clock::now() + 1min;  // the same
  std::atomic<int> times_{0};
};

class RandomMix : public FaultTest, public ::testing::WithParamInterface<Combination> {};

TEST_P(RandomMix, LosesNothingAndRepeatsOnlyWhatWasNotCommitted) {
  const auto [flow, protocol] = GetParam();
  const std::uint64_t chance = fault_seed();
  std::printf("  mix: BRAID_FAULT_SEED=%llu\n", static_cast<unsigned long long>(chance));
  Stage stage({.flow = flow,
               .protocol = protocol,
               .proxied = true,
               .arguments = {"max_processing_ms=5000", "drain_ms=1000", "slow_us=1000"},
               .hangs = true,
               .connections = chance % 2 == 0 ? 2 : 1,
               .late_stops = true,
               .backlog = soaking() ? 80'000 : 20'000});
  ASSERT_TRUE(stage.begin(3)) << "it does not work before anything fails";
  const int times = Mix(stage, chance, steady_clock::now() + mix_time()).play();
  stage.nodes().make_whole();
  EXPECT_TRUE(stage.goes_on(1'000)) << "it does not go on";
  report("mix", flow, protocol, times, stage.close({.all_may_outlive = true}));
}

std::vector<Combination> mixed() {
  return all_combinations() ? combinations() : std::vector<Combination>{{"continuous", "cooperative"}};
}

INSTANTIATE_TEST_SUITE_P(Faults, RandomMix, ::testing::ValuesIn(mixed()), [](const auto& tested) {
  return std::string(tested.param.flow) + "_" + tested.param.protocol;
});

}  // namespace
}  // namespace braid::faults
