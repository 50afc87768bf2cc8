#include "integration/faults/judge.hpp"

#include "core/offsets/gap_codec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace braid::faults {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A run of one partition, told in milliseconds. Offsets and numbers of keys are given out as messages are written.
class Story {
 public:
  // Messages of these keys, one after the other, are in the log.
  explicit Story(const std::string& keys) : keys_(keys) {
    for (const char key : keys) numbers_.push_back(evidence_.acknowledged[key_of(key)]++);
    evidence_.ends = {static_cast<std::int64_t>(keys.size())};
    evidence_.positions = evidence_.ends;
  }

  // Each call is one millisecond later than the one before.
  Story& begins(int process, int generation, int offset) {
    return entry(JournalEntry::Kind::begin, process, generation, offset);
  }
  Story& ends(int process, int generation, int offset) {
    return entry(JournalEntry::Kind::end, process, generation, offset);
  }
  Story& does(int process, int generation, const std::vector<int>& offsets) {
    for (const int offset : offsets) begins(process, generation, offset).ends(process, generation, offset);
    return *this;
  }
  // `beyond` the position these are told to be done.
  Story& commits(std::int64_t position, const std::vector<core::OffsetRange>& beyond = {}) {
    evidence_.commits.push_back({.partition = 0,
                                 .position = position,
                                 .metadata = core::encode_gaps(CommitPosition{position}, beyond, "", 4'000),
                                 .stored_ms = now_++});
    now_ += 2;
    return *this;
  }
  Story& says_farewell(int process, int generation) {
    evidence_.journal.push_back({.kind = JournalEntry::Kind::farewell,
                                 .process = process,
                                 .generation = static_cast<std::uint64_t>(generation),
                                 .partition = 0});
    return *this;
  }
  Story& position_at_last(std::int64_t position) {
    evidence_.positions = {position};
    return *this;
  }
  Story& jumps(int process, int count) {
    JournalEntry last;
    last.kind = JournalEntry::Kind::last;
    last.process = process;
    last.offset = count;
    evidence_.journal.push_back(last);
    return *this;
  }

  [[nodiscard]] Verdict verdict(const Expectation& expectation = {}) const { return judge(evidence_, expectation); }
  [[nodiscard]] std::vector<std::string> faults(const Expectation& expectation = {}) const {
    return verdict(expectation).faults;
  }

 private:
  static std::uint32_t key_of(char key) { return static_cast<std::uint32_t>(key - 'a'); }
  Story& entry(JournalEntry::Kind kind, int process, int generation, int offset) {
    const auto index = static_cast<std::size_t>(offset);
    evidence_.journal.push_back({.kind = kind,
                                 .process = process,
                                 .generation = static_cast<std::uint64_t>(generation),
                                 .partition = 0,
                                 .key = key_of(keys_.at(index)),
                                 .offset = offset,
                                 .number = numbers_.at(index),
                                 .nanoseconds = now_++ * 1'000'000,
                                 .appended_ms = 0});
    return *this;
  }

  std::string keys_;
  std::vector<std::int64_t> numbers_;
  std::int64_t now_ = 1'000;
  Evidence evidence_;
};

core::OffsetRange range(std::int64_t first, std::int64_t last) {
  return {Offset{first}, Offset{last}};
}

TEST(Judge, FindsNothingInAPlainRun) {
  const Story run = Story("abab").does(1, 1, {0, 1, 2, 3}).commits(4).jumps(1, 0);
  EXPECT_THAT(run.faults(), IsEmpty());
  EXPECT_EQ(run.verdict().messages, 4U);
  EXPECT_EQ(run.verdict().duplicates, 0U);
}

TEST(Judge, FindsALostMessage) {
  const Story run = Story("abc").does(1, 1, {0, 2}).commits(1).position_at_last(3);
  EXPECT_EQ(run.verdict().lost, 1U);
  EXPECT_THAT(run.faults(), ::testing::Contains(HasSubstr("lost: partition 0, offset 1")));
}

TEST(Judge, FindsAMessageThatWasBegunAndNeverEnded) {
  const Story run = Story("ab").does(1, 1, {0}).begins(1, 1, 1);
  EXPECT_EQ(run.verdict().lost, 1U);
}

TEST(Judge, ExplainsADuplicateThatNoCommitToldOf) {
  const Story run = Story("ab").does(1, 1, {0, 1}).commits(1).does(2, 1, {1}).commits(2);
  EXPECT_THAT(run.faults(), IsEmpty());
  EXPECT_EQ(run.verdict().duplicates, 1U);
  EXPECT_EQ(run.verdict().unexplained, 0U);
}

TEST(Judge, FindsADuplicateBelowTheCommittedPosition) {
  const Story run = Story("ab").does(1, 1, {0, 1}).commits(1).does(2, 1, {0, 1}).commits(2);
  EXPECT_EQ(run.verdict().duplicates, 2U);
  EXPECT_EQ(run.verdict().unexplained, 1U);
  EXPECT_THAT(run.faults(), ElementsAre(HasSubstr("done again though the commit")));
}

TEST(Judge, FindsADuplicateThatTheGapsToldOf) {
  const auto before = [] { return Story("aba").does(1, 1, {1}).commits(0, {range(1, 1)}); };
  EXPECT_THAT(before().does(2, 1, {0, 2}).commits(3).faults(), IsEmpty());
  EXPECT_THAT(before().does(2, 1, {0, 1, 2}).commits(3).faults(), ElementsAre(HasSubstr("done again though")));
}

TEST(Judge, LooksAtTheLastCommitBeforeTheOwnerBegan) {
  // The second owner's own commit tells of what it repeats only afterwards.
  const Story run = Story("ab").does(1, 1, {0, 1}).does(2, 1, {0}).commits(1).does(2, 1, {1}).commits(2);
  EXPECT_THAT(run.faults(), IsEmpty());
  EXPECT_EQ(run.verdict().duplicates, 2U);
}

TEST(Judge, DoesNotCallWorkADuplicateThatNobodyHadEnded) {
  const Story run = Story("a").begins(1, 1, 0).does(2, 1, {0}).commits(1);
  EXPECT_THAT(run.faults(), IsEmpty());
  EXPECT_EQ(run.verdict().duplicates, 0U);
  EXPECT_EQ(run.verdict().unfinished, 1U);
}

TEST(Judge, FindsACommitOfWhatNobodyHadEnded) {
  EXPECT_THAT(Story("ab").does(1, 1, {0}).commits(2).does(1, 1, {1}).faults(),
              ElementsAre(HasSubstr("covers what nobody had ended: partition 0, offset 1")));
  EXPECT_THAT(Story("abc").does(1, 1, {0}).commits(1, {range(2, 2)}).does(1, 1, {1, 2}).commits(3).faults(),
              ElementsAre(HasSubstr("covers what nobody had ended: partition 0, offset 2")));
}

TEST(Judge, FindsAPositionThatMovesBack) {
  EXPECT_THAT(Story("ab").does(1, 1, {0, 1}).commits(2).commits(1).commits(2).faults(),
              ElementsAre(HasSubstr("a position moved back: partition 0, position 1 after 2")));
}

TEST(Judge, FindsAKeyThatGoesBackWithinAnAssignment) {
  EXPECT_THAT(Story("aa").does(1, 1, {0, 1, 0}).commits(2).faults(),
              ElementsAre(HasSubstr("a key went back within one assignment"), HasSubstr("begun twice")));
}

TEST(Judge, LetsAReplayGoBackInANewAssignment) {
  EXPECT_THAT(Story("aa").does(1, 1, {0, 1}).does(1, 2, {0, 1}).commits(2).faults(), IsEmpty());
}

TEST(Judge, FindsAMessageThatOvertakesAnotherOfItsKey) {
  EXPECT_THAT(Story("aa").does(1, 1, {1}).does(2, 1, {0, 1}).commits(2).faults(),
              ElementsAre(HasSubstr("begun before the one ahead of it"), HasSubstr("never ended in order")));
  // Begun is not ended.
  EXPECT_THAT(
      Story("aa").begins(1, 1, 0).begins(2, 1, 1).ends(1, 1, 0).ends(2, 1, 1).commits(2).faults({.outlived = {1}}),
      ElementsAre(HasSubstr("begun before the one ahead of it")));
}

TEST(Judge, FindsTwoMessagesOfAKeyAtOnceInAProcess) {
  EXPECT_THAT(Story("aa").begins(1, 1, 0).begins(1, 1, 1).ends(1, 1, 0).ends(1, 1, 1).commits(2).faults(),
              ::testing::Contains(HasSubstr("two messages of a key at once in one process")));
  // Also over assignments, where the later one would be right by itself.
  EXPECT_THAT(Story("a").begins(1, 1, 0).begins(1, 2, 0).ends(1, 1, 0).ends(1, 2, 0).commits(1).faults(),
              ::testing::Contains(HasSubstr("two messages of a key at once in one process")));
  // Other keys, and other processes, run side by side.
  EXPECT_THAT(Story("ab").begins(1, 1, 0).begins(1, 1, 1).ends(1, 1, 0).ends(1, 1, 1).commits(2).faults(),
              IsEmpty());
}

TEST(Judge, FindsAnOwnerThatWorksOnUnlessItOutlivedItsMembership) {
  const Story run = Story("ab").does(1, 1, {0}).does(2, 1, {0}).does(1, 1, {1}).does(2, 1, {1}).commits(2);
  EXPECT_THAT(run.faults(), ElementsAre(HasSubstr("works on after the next one has begun")));
  EXPECT_THAT(run.faults({.outlived = {1}}), IsEmpty());
  EXPECT_THAT(run.faults({.all_may_outlive = true}), IsEmpty());
  EXPECT_EQ(run.verdict().outlived, 1U);
}

TEST(Judge, FindsWorkBesideAndBehindAFarewell) {
  EXPECT_THAT(Story("ab").does(1, 1, {0, 1}).says_farewell(1, 1).commits(2).faults(), IsEmpty());
  EXPECT_THAT(Story("a").begins(1, 1, 0).says_farewell(1, 1).ends(1, 1, 0).commits(1).faults(),
              ElementsAre(HasSubstr("a farewell beside a message that runs")));
  EXPECT_THAT(Story("ab").does(1, 1, {0}).says_farewell(1, 1).does(1, 1, {1}).commits(2).faults(),
              ElementsAre(HasSubstr("begun behind the farewell")));
  EXPECT_THAT(Story("a").does(1, 1, {0}).says_farewell(1, 1).says_farewell(1, 1).commits(1).faults(),
              ElementsAre(HasSubstr("a second farewell")));
}

TEST(Judge, FindsPositionsThatAreNotAtTheEnds) {
  EXPECT_THAT(Story("a").does(1, 1, {0}).position_at_last(-1).faults(), ElementsAre(HasSubstr("not at the end")));
}

TEST(Judge, FindsJumps) {
  EXPECT_THAT(Story("a").does(1, 1, {0}).commits(1).jumps(1, 2).faults(), ElementsAre(HasSubstr("jumped over")));
}

TEST(Judge, MeasuresHowLongAPartitionStoodStill) {
  // Each entry is a millisecond: 1000 begins, 1001 ends; what came at 0 has waited that long.
  const Story run = Story("ab").does(1, 1, {0}).begins(1, 1, 1).commits(1).ends(1, 1, 1).commits(2);
  EXPECT_DOUBLE_EQ(run.verdict().stall_s, 1.001);
}

}  // namespace
}  // namespace braid::faults
