#include "runtime/configured_log.hpp"

#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <memory>
#include <sstream>
#include <string>
#include <vector>

namespace braid::runtime {
namespace {

using namespace std::chrono_literals;

TEST(ConfiguredLog, IsWhatItsSettingsSay) {
  std::ostringstream out;
  LogSettings settings{.areas = {{"kafka", LogLevel::debug}}, .most_repeats = 2};
  settings.logger = std::make_shared<spdlog::logger>("host", std::make_shared<spdlog::sinks::ostream_sink_mt>(out));
  settings.logger->set_pattern("%l %v");
  settings.logger->set_level(spdlog::level::trace);
  ConfiguredLog log(LogLevel::warning, settings);
  log.write(engine::LogLevel::debug, "kafka", "fetched");
  for (int i = 0; i < 5; ++i) log.write(engine::LogLevel::warning, "partition", "failed " + std::to_string(i));
  log.all().write(engine::LogLevel::warning, "partition", "failed 5");
  EXPECT_EQ(out.str(),
            "debug [kafka] fetched\nwarning [partition] failed 0\nwarning [partition] failed 1\n"
            "warning [partition] failed 5\n");
}

TEST(ConfiguredLog, SettingsThatAreWrongAreNamed) {
  std::vector<std::string> problems;
  check_log({}, problems);
  EXPECT_TRUE(problems.empty());
  check_log({.areas = {{"kakfa", LogLevel::debug}}, .repeats_within = 1ms, .story_each = 0ms}, problems);
  ASSERT_EQ(problems.size(), 3u);
  EXPECT_NE(problems[0].find("log.areas: there is no 'kakfa'; take one of application,"), std::string::npos)
      << problems[0];
  EXPECT_EQ(problems[1], "log.repeats_within must be at least 100 ms, is 1 ms");
  EXPECT_EQ(problems[2], "log.story_each must be at least 100 ms, is 0 ms");
}

}  // namespace
}  // namespace braid::runtime
