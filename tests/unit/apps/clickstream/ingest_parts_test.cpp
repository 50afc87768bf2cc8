// What the ingest is made of, but for the producer: what was acknowledged, what is kept of it, reading ahead.

#include "apps/clickstream/src/csv_reader.hpp"
#include "apps/clickstream/src/streaming/acknowledged_lines.hpp"
#include "apps/clickstream/src/streaming/event_blocks.hpp"
#include "apps/clickstream/src/streaming/ingest_position.hpp"
#include "unit/apps/clickstream/temporary_file.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace clickstream {
namespace {

TEST(AcknowledgedLines, ALineThatIsNotAcknowledgedHoldsThePositionBack) {
  AcknowledgedLines lines({10, 1});
  const auto first = lines.sent({20, 2});
  const auto second = lines.sent({30, 4});
  const auto third = lines.sent({40, 5});
  lines.acknowledged(second);
  EXPECT_EQ(lines.position(), (LineEnd{10, 1}));
  lines.acknowledged(first);
  EXPECT_EQ(lines.position(), (LineEnd{30, 4}));
  lines.acknowledged(third);
  EXPECT_EQ(lines.position(), (LineEnd{40, 5}));
  lines.acknowledged(lines.sent({50, 6}));
  EXPECT_EQ(lines.position(), (LineEnd{50, 6}));
}

TEST(AcknowledgedLines, NothingBehindALineThatIsGivenUpMovesThePosition) {
  AcknowledgedLines lines({10, 1});
  const auto first = lines.sent({20, 2});
  const auto second = lines.sent({30, 3});
  const auto third = lines.sent({40, 4});
  lines.given_up(second);
  lines.given_up(third);
  lines.acknowledged(lines.sent({50, 5}));
  EXPECT_EQ(lines.position(), (LineEnd{10, 1}));
  lines.acknowledged(first);
  EXPECT_EQ(lines.position(), (LineEnd{20, 2}));
  EXPECT_EQ(lines.first_given_up(), (LineEnd{30, 3}));
}

TEST(AcknowledgedLines, TheLowestLineThatIsGivenUpIsTheFirst) {
  AcknowledgedLines lines({10, 1});
  const auto first = lines.sent({20, 2});
  const auto second = lines.sent({30, 3});
  EXPECT_EQ(lines.first_given_up(), std::nullopt);
  lines.given_up(second);
  EXPECT_EQ(lines.first_given_up(), (LineEnd{30, 3}));
  lines.given_up(first);
  EXPECT_EQ(lines.first_given_up(), (LineEnd{20, 2}));
  EXPECT_EQ(lines.position(), (LineEnd{10, 1}));
}

std::string events(int count) {
  std::string text(standard_header);
  for (int i = 0; i < count; ++i) {
    text += "\n2019-10-01 00:00:00 UTC,view,1,2,,,10.00," + std::to_string(i) + ",s1";
  }
  return text + "\n";
}

class IngestPositionTest : public ::testing::Test {
 protected:
  ~IngestPositionTest() override { std::filesystem::remove(position.path()); }
  void become(const std::string& content) const {
    std::ofstream(csv.path(), std::ios::binary | std::ios::trunc) << content;
  }
  [[nodiscard]] std::string refusal() const {
    try {
      (void)IngestPosition(csv.path(), "clicks").read();
    } catch (const std::runtime_error& refused) {
      return refused.what();
    }
    return "";
  }
  // Where the line ends that has this number.
  [[nodiscard]] static LineEnd end_of(const std::string& content, std::uint64_t number) {
    std::size_t offset = 0;
    for (std::uint64_t i = 0; i < number; ++i) offset = content.find('\n', offset) + 1;
    return {offset, number};
  }

  TemporaryFile csv{events(3)};
  IngestPosition position{csv.path(), "clicks"};
};

TEST_F(IngestPositionTest, IsKeptNextToTheFileForEachTopic) {
  EXPECT_EQ(position.read(), std::nullopt);
  position.write({70, 2});
  EXPECT_EQ(position.read(), (LineEnd{70, 2}));
  EXPECT_EQ(position.path(), csv.path().string() + ".clicks.position");
  EXPECT_EQ(IngestPosition(csv.path(), "others").read(), std::nullopt);
}

TEST_F(IngestPositionTest, OfAnotherFileIsRefused) {
  position.write({70, 2});
  become("short");
  EXPECT_NE(refusal(), "");
}

TEST_F(IngestPositionTest, OfAFileWithOtherContentBehindTheSameHeaderIsRefused) {
  const LineEnd end = end_of(events(3), 3);
  position.write(end);
  EXPECT_EQ(refusal(), "");
  std::string other = events(3);
  other[end.offset - 2] = '9';  // the last byte of what was acknowledged
  become(other);
  EXPECT_NE(refusal().find("changed before line 4; remove it"), std::string::npos) << refusal();
  other = events(3);
  other[std::string(standard_header).size() + 1] = '3';  // the first one behind the header
  become(other);
  EXPECT_NE(refusal(), "");
}

TEST_F(IngestPositionTest, WhatFollowsThePositionMayChangeAndGrow) {
  const LineEnd end = end_of(events(3), 3);
  position.write(end);
  become(events(50));
  EXPECT_EQ(refusal(), "");
  EXPECT_EQ(IngestPosition(csv.path(), "clicks").read(), end);
}

// The beginning and the end of what was sent are told apart, however long it is.
TEST_F(IngestPositionTest, ALongFileIsToldByItsBeginningAndItsEnd) {
  const std::string content = events(10'000);
  become(content);
  const LineEnd end = end_of(content, 9'000);
  ASSERT_GT(end.offset, 3 * IngestPosition::hashed_most);
  position.write(end);
  EXPECT_EQ(refusal(), "");
  for (const std::size_t at : {std::size_t{200}, static_cast<std::size_t>(end.offset) - 2}) {
    std::string other = content;
    other[at] ^= 1;
    become(other);
    EXPECT_NE(refusal(), "") << at;
  }
}

// Who is sent is the file that was opened, whatever lies in its place by now.
TEST_F(IngestPositionTest, AFileThatReplacesItWhileItIsSentIsNotTakenForIt) {
  const LineEnd end = end_of(events(3), 3);
  std::string other = events(3);
  other[end.offset - 2] = '9';
  const TemporaryFile next(other);
  std::filesystem::rename(next.path(), csv.path());
  position.write(end);
  EXPECT_NE(refusal(), "");
}

TEST_F(IngestPositionTest, APipeCanNotBeGoneOnWith) {
  EXPECT_THROW((void)IngestPosition("/dev/null", "clicks"), std::invalid_argument);
}

TEST_F(IngestPositionTest, WhatIsNotOursIsRefused) {
  std::ofstream(position.path()) << "something else\n";
  EXPECT_THROW((void)position.read(), std::runtime_error);
}

std::vector<std::string> keys_of(EventBlocks& blocks) {
  std::vector<std::string> keys;
  EventBlock block;
  while (blocks.next(block)) {
    for (std::size_t i = 0; i < block.size(); ++i) keys.emplace_back(block.at(i).key);
  }
  return keys;
}

TEST(EventBlocks, GiveOutAllEventsInTheFilesOrder) {
  const TemporaryFile csv(events(5'000));
  CsvReader reader(csv.path());
  EventBlocks blocks(reader, 4'500);
  const auto keys = keys_of(blocks);
  ASSERT_EQ(keys.size(), 4'500U);
  for (std::size_t i = 0; i < keys.size(); ++i) EXPECT_EQ(keys[i], std::to_string(i));
}

TEST(EventBlocks, MayBeLeftBeforeTheirEnd) {
  const TemporaryFile csv(events(50'000));
  CsvReader reader(csv.path());
  EventBlocks blocks(reader, 50'000);
  EventBlock block;
  ASSERT_TRUE(blocks.next(block));
  blocks.stop();
  EXPECT_FALSE(blocks.next(block));
}

// Nobody takes them any more: the thread that reads waits, and the file is not in memory as a whole.
TEST(EventBlocks, AreNotReadFurtherAheadThanAFew) {
  const TemporaryFile csv(events(100'000));
  CsvReader reader(csv.path());
  EventBlocks blocks(reader, 100'000);
  EventBlock block;
  constexpr std::uint64_t ahead_most = 2 * 1024 * 1024;
  ASSERT_GT(std::filesystem::file_size(csv.path()), 2 * ahead_most);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(blocks.next(block));
    const std::uint64_t taken = block.at(block.size() - 1).end.offset;
    // Until it stands still, or is too far.
    std::uint64_t read = 0;
    while (read != blocks.bytes_read() && read < taken + ahead_most) {
      read = blocks.bytes_read();
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    ASSERT_LT(read, taken + ahead_most);
  }
}

// Whoever goes on behind what an earlier reading had given out misses nothing and repeats nothing.
TEST(EventBlocks, AReadingThatGoesOnBehindAnEarlierOneGivesOutTheRest) {
  const TemporaryFile csv(events(100));
  LineEnd end;
  {
    CsvReader reader(csv.path());
    EventBlocks blocks(reader, 30);
    EventBlock block;
    ASSERT_TRUE(blocks.next(block));
    end = block.at(block.size() - 1).end;
  }
  CsvReader reader(csv.path());
  reader.continue_behind(end.offset, end.number);
  EventBlocks blocks(reader, 1'000);
  const auto keys = keys_of(blocks);
  ASSERT_EQ(keys.size(), 70U);
  EXPECT_EQ(keys.front(), "30");
  EXPECT_EQ(reader.line().number, 101U);
}

}  // namespace
}  // namespace clickstream
