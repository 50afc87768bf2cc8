#include "apps/braid/src/replay_state.hpp"

#include "core/offsets/gap_codec.hpp"
#include "unit/apps/braid/letters.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace braid::app_test {
namespace {

using namespace app;
using namespace std::chrono_literals;

class ReplayStateTest : public ::testing::Test {
 protected:
  ReplayStateTest() {
    options_.topic = "orders.dlq";
    options_.rules.dead_letter_topic = "orders.dlq";
    options_.limit = 2;
    options_.timeout = 0ms;
  }
  static Letter at(std::int64_t offset) {
    Letter letter = dead_letter();
    letter.offset = {offset};
    return letter;
  }
  ReplayState& state() {
    if (!state_) state_.emplace(options_, std::vector<PartitionPositions>{{.begin = {0}, .end = {5}}}, out_, err_);
    return *state_;
  }
  static std::uint64_t none_done_before() { return 0; }

  ReplayOptions options_;
  std::ostringstream out_;
  std::ostringstream err_;
  std::optional<ReplayState> state_;
};

TEST_F(ReplayStateTest, WhatCameBehindTheEndWaitsForTheNextReplay) {
  EXPECT_EQ(state().fate_of(at(4)), Fate::replayed);
  EXPECT_EQ(state().fate_of(at(5)), Fate::left) << "it may be the very replay that failed again";
  state().left(at(5));
  EXPECT_EQ(state().outcome().held_back, 0u);
}

TEST_F(ReplayStateTest, TheLimitIsNeverExceeded) {
  EXPECT_TRUE(state().take());
  EXPECT_TRUE(state().take());
  EXPECT_FALSE(state().take());
}

TEST_F(ReplayStateTest, NothingIsTakenOnceItHasEnded) {
  state().fail("first");
  state().fail("second");
  EXPECT_FALSE(state().take());
  state().wait(none_done_before);
  EXPECT_EQ(state().outcome().failure, "first");
  EXPECT_FALSE(state().outcome().complete);
}

TEST_F(ReplayStateTest, WhereNothingMovesItEndsAndSaysHowMuchIsMissing) {
  state().replayed(at(0), {});
  state().wait(none_done_before);
  EXPECT_FALSE(state().outcome().complete);
  EXPECT_NE(state().outcome().failure.find("4 offsets are not accounted for"), std::string::npos)
      << state().outcome().failure;
}

TEST_F(ReplayStateTest, AllThatWasThereIsTheEnd) {
  options_.limit = 10;
  for (std::int64_t offset = 0; offset < 5; ++offset) state().replayed(at(offset), {});
  state().wait(none_done_before);
  EXPECT_TRUE(state().outcome().complete);
  EXPECT_EQ(state().outcome().failure, "");
}

TEST_F(ReplayStateTest, WhatAnEarlierRunHadDoneIsNotWaitedFor) {
  state().left(at(0));
  state().wait([] { return std::uint64_t{4}; });
  EXPECT_TRUE(state().outcome().complete);
}

TEST_F(ReplayStateTest, ADryRunSaysOneLineEach) {
  options_.dry_run = true;
  Letter letter = with(at(3), dead_letter_headers::kErrorText, "two\nlines");
  letter.key = "a\x1b";
  state().replayed(letter, replay_of(letter, origin_of(letter).value(), {}));
  EXPECT_EQ(
      out_.str(),
      "would send orders.dlq/0@3 to orders/3, key a?, 2 bytes, 0 replays before, std::runtime_error: two?lines\n");
}

TEST_F(ReplayStateTest, WhatIsLeftIsCountedByItsReasonAndSaidUnlessItIsAFilter) {
  options_.rules.filter.key = "bob";
  state().left(at(0));
  state().left({.offset = {1}});
  EXPECT_EQ(state().outcome().unmatched, 1u);
  EXPECT_EQ(state().outcome().no_dead_letters, 1u);
  EXPECT_EQ(err_.str(), "left orders.dlq/0@1: it has not the headers of a dead letter\n");
}

// What the bound is for.
TEST(LeftStretchesBound, FitsIntoACommitsMetadata) {
  std::vector<core::OffsetRange> done;
  for (std::int64_t i = 0; i < LeftStretches::kMost; ++i) {
    const std::int64_t from = (2 * i + 1) * 10'000'000;  // five digits each
    done.push_back({Offset{from}, Offset{from + 10'000'000}});
  }
  const CommitPosition position{0};
  const std::string text = core::encode_gaps(position, done, "", 4'095);
  const auto decoded = core::decode_gaps(text, position, {.max_window = std::size_t{1} << 40, .log_end = {}});
  EXPECT_EQ(decoded.done.size(), done.size()) << text.size() << " bytes";
}

}  // namespace
}  // namespace braid::app_test
