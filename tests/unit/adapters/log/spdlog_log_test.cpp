#include "adapters/log/spdlog_log.hpp"

#include "adapters/log/json_line.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <memory>
#include <sstream>
#include <string>

namespace braid::adapters {
namespace {

using engine::LogField;
using engine::LogLevel;

class SpdlogLogTest : public ::testing::Test {
 protected:
  std::shared_ptr<spdlog::logger> logger() {
    auto made = std::make_shared<spdlog::logger>("host", std::make_shared<spdlog::sinks::ostream_sink_mt>(out));
    made->set_pattern("%l %v");
    made->set_level(spdlog::level::trace);
    return made;
  }
  std::ostringstream out;
};

TEST_F(SpdlogLogTest, AreasHaveLevelsOfTheirOwn) {
  SpdlogLog log(SpdlogOptions{.level = LogLevel::warning,
                              .areas = {{"kafka", LogLevel::debug}, {"batch", LogLevel::off}},
                              .logger = logger()});
  EXPECT_TRUE(log.enabled(LogLevel::debug)) << "somebody writes it";
  EXPECT_FALSE(log.enabled(LogLevel::trace));
  log.write(LogLevel::debug, "kafka", "fetched");
  log.write(LogLevel::debug, "partition", "unseen");
  log.write(LogLevel::warning, "partition", "seen");
  log.write(LogLevel::error, "batch", "unseen");
  log.write(LogLevel::info, "an area of tomorrow", "unseen");
  log.write(LogLevel::error, "an area of tomorrow", "seen");
  EXPECT_EQ(out.str(), "debug [kafka] fetched\nwarning [partition] seen\nerror [an area of tomorrow] seen\n");
}

TEST_F(SpdlogLogTest, AHostsLoggerHasTheLastWord) {
  auto host = logger();
  host->set_level(spdlog::level::err);
  SpdlogLog log(SpdlogOptions{.level = LogLevel::info, .logger = host});
  EXPECT_FALSE(log.enabled(LogLevel::info));
  log.write(LogLevel::warning, "partition", "unseen");
  log.write(LogLevel::error, "partition", "seen");
  EXPECT_EQ(out.str(), "error [partition] seen\n");
  EXPECT_EQ(host->level(), spdlog::level::err) << "and stays as it is";
}

TEST_F(SpdlogLogTest, WhatWasAskedForIsWrittenWhateverTheLevel) {
  SpdlogLog quiet(SpdlogOptions{.level = LogLevel::error, .logger = logger()});
  quiet.write_always("application", "a dump");
  EXPECT_EQ(out.str(), "info [application] a dump\n");
  SpdlogLog off(SpdlogOptions{.level = LogLevel::off, .logger = logger()});
  off.write_always("application", "a dump");
  EXPECT_EQ(out.str(), "info [application] a dump\n");
}

TEST_F(SpdlogLogTest, TextLeavesFieldsOut) {
  SpdlogLog log(SpdlogOptions{.logger = logger()});
  const LogField field{"messages", std::int64_t{7}};
  log.write_fields(LogLevel::info, "batch", "batch of 7 {}", {&field, 1});
  EXPECT_EQ(out.str(), "info [batch] batch of 7 {}\n");
}

TEST_F(SpdlogLogTest, JsonIsAnObjectALine) {
  auto host = logger();
  host->set_pattern("%v");
  SpdlogLog log(SpdlogOptions{.json = true, .logger = host});
  const LogField fields[] = {{"messages", std::int64_t{7}}, {"took_ms", 1.5}, {"topic", std::string("cl\"icks\n")}};
  log.write_fields(LogLevel::info, "batch", "said \"so\"\nand {} so", fields);
  log.write(LogLevel::warning, "partition", "plain");
  std::istringstream lines(out.str());
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  const auto first = boost::json::parse(line).as_object();
  EXPECT_EQ(first.at("level").as_string(), "info");
  EXPECT_EQ(first.at("area").as_string(), "batch");
  EXPECT_EQ(first.at("text").as_string(), "said \"so\"\nand {} so");
  EXPECT_EQ(first.at("messages").as_int64(), 7);
  EXPECT_EQ(first.at("took_ms").as_double(), 1.5);
  EXPECT_EQ(first.at("topic").as_string(), "cl\"icks\n");
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_EQ(boost::json::parse(line).as_object().size(), 4u);
  EXPECT_FALSE(std::getline(lines, line));
}

TEST(JsonLine, TimeIsUtcWithMilliseconds) {
  const std::chrono::system_clock::time_point moment(std::chrono::milliseconds(1'700'000'000'007));
  EXPECT_EQ(to_json(moment, LogLevel::error, "kafka", "gone", {}),
            R"({"time":"2023-11-14T22:13:20.007Z","level":"error","area":"kafka","text":"gone"})");
}

}  // namespace
}  // namespace braid::adapters
