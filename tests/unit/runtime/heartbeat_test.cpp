#include "runtime/heartbeat.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <optional>

namespace braid::runtime {
namespace {

using namespace std::chrono_literals;

struct NoWait final : engine::Waiter {
  void wait_until(engine::Time) override {}
};

class Beats : public ::testing::Test {
 protected:
  Beats() { EXPECT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0); }
  ~Beats() override {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  // The next byte; 0: none within a while.
  [[nodiscard]] char next(std::chrono::milliseconds within = 10s) const {
    pollfd wanted{ends[0], POLLIN, 0};
    char byte = 0;
    if (::poll(&wanted, 1, static_cast<int>(within.count())) == 1 && ::read(ends[0], &byte, 1) != 1) byte = 0;
    return byte;
  }

  int ends[2] = {-1, -1};
  NoWait waiter;
  engine::TurnWatch watch;
  engine::TurnWatch::Rounds rounds{waiter};
};

TEST_F(Beats, ComeWhileAllTurnAndEndWithAWord) {
  std::optional<Heartbeat> heartbeat(std::in_place, ends[1], watch, 1ms);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(next(), 'b');
  heartbeat.reset();
  char last = 0;
  while (const char byte = next(0ms)) last = byte;
  EXPECT_EQ(last, 'e');
}

TEST_F(Beats, StayAwayWhileAListenerStandsStill) {
  const engine::TurnWatch::Watching watching(watch, rounds);
  const Heartbeat heartbeat(ends[1], watch, 1ms);
  EXPECT_EQ(next(50ms), 0);
  rounds.wait_until({});
  EXPECT_EQ(next(), 'b');
}

TEST_F(Beats, AreDroppedWhereNobodyReads) {
  ASSERT_GT(::fcntl(ends[1], F_SETPIPE_SZ, 4096), 0);
  const Heartbeat heartbeat(ends[1], watch, 0ms);
  // The pipe fills up; what beats must neither wait nor end.
  int size = 0;
  const auto until = std::chrono::steady_clock::now() + 20s;
  pollfd room{ends[1], POLLOUT, 0};
  while (::poll(&room, 1, 0) == 1 && std::chrono::steady_clock::now() < until) ++size;
  EXPECT_EQ(::poll(&room, 1, 0), 0) << "room is left after " << size << " looks";
}

TEST_F(Beats, SurviveAReaderThatIsGone) {
  ::close(ends[0]);
  { const Heartbeat heartbeat(ends[1], watch, 1ms); }
  ends[0] = ::dup(ends[1]);  // for the end
}

}  // namespace
}  // namespace braid::runtime
