// What the ingest is made of, but for the producer: what was acknowledged, what is kept of it, reading ahead.

#include "apps/clickstream/src/csv_reader.hpp"
#include "apps/clickstream/src/streaming/acknowledged_lines.hpp"
#include "apps/clickstream/src/streaming/event_blocks.hpp"
#include "apps/clickstream/src/streaming/ingest_position.hpp"
#include "unit/apps/clickstream/temporary_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
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
  std::ofstream(csv.path(), std::ios::binary | std::ios::trunc) << "short";
  EXPECT_THROW((void)position.read(), std::runtime_error);
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
