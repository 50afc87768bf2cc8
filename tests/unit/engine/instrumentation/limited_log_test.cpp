#include "engine/instrumentation/limited_log.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace braid::engine {
namespace {

using namespace std::chrono_literals;

struct Lines final : Log {
  [[nodiscard]] bool enabled(LogLevel level) const override { return level >= least; }
  void write(LogLevel, std::string_view area, std::string_view text) override {
    lines.push_back(std::string(area) + ": " + std::string(text));
  }
  LogLevel least = LogLevel::trace;
  std::vector<std::string> lines;
};

class LimitedLogTest : public ::testing::Test {
 protected:
  Lines lines;
  Time now{1h};
  LimitedLog log{lines, {.most = 2, .within = 10s}, [this] { return now; }};
};

TEST_F(LimitedLogTest, SaysOnceHowManyItLeftOut) {
  for (int i = 0; i < 6; ++i) log.write(LogLevel::warning, "partition", "offset " + std::to_string(i) + " failed");
  EXPECT_EQ(lines.lines, (std::vector<std::string>{"partition: offset 0 failed", "partition: offset 1 failed"}));
  now += 11s;
  log.write(LogLevel::info, "application", "stopped");
  ASSERT_EQ(lines.lines.size(), 4u);
  EXPECT_EQ(lines.lines[2],
            "partition: 4 lines were left out that differ in numbers alone; the last: offset 5 failed");
  EXPECT_EQ(lines.lines[3], "application: stopped");
}

TEST_F(LimitedLogTest, WhoDebugsSeesAll) {
  for (int i = 0; i < 50; ++i) log.write(LogLevel::debug, "kafka", "fetch");
  EXPECT_EQ(lines.lines.size(), 50u);
}

TEST_F(LimitedLogTest, WhatIsNotWrittenAnywayIsNotCounted) {
  lines.least = LogLevel::warning;
  for (int i = 0; i < 9; ++i) log.write(LogLevel::info, "partition", "assigned");
  now += 11s;
  log.write(LogLevel::warning, "partition", "stalled");
  EXPECT_EQ(lines.lines, std::vector<std::string>{"partition: stalled"});
}

}  // namespace
}  // namespace braid::engine
