#include "framework/adapters/librdkafka/fetch_waker.hpp"
#include "framework/adapters/librdkafka/group_replies.hpp"
#include "framework/adapters/librdkafka/rdkafka_log.hpp"
#include "framework/adapters/librdkafka/rdkafka_version.hpp"
#include "framework/adapters/log/spdlog_log.hpp"
#include "kafka_member.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <sstream>

namespace braid::mock_test {
namespace {

std::string error_of(std::map<std::string, std::string> settings, const std::string& group = "g") {
  KeptLog log;
  settings.try_emplace("bootstrap.servers", "127.0.0.1:1");
  const auto made =
      adapters::make_consumer_client({.log = log, .group_id = group, .settings = std::move(settings)});
  if (made.ok()) return {};
  EXPECT_EQ(made.error().kind(), Error::Kind::invalid_setting);
  return made.error().text();
}

void expect_part(const std::string& text, std::string_view part) {
  EXPECT_NE(text.find(part), std::string::npos) << "'" << part << "' is not in: " << text;
}

TEST(ConsumerSettings, AnUnknownKeyIsNamedWithTheNearestOne) {
  const std::string text = error_of({{"sesion.timeout.ms", "6000"}});
  expect_part(text, "sesion.timeout.ms=6000");
  expect_part(text, "did you mean session.timeout.ms?");
}

TEST(ConsumerSettings, ABadValueIsNamedWithItsReason) {
  const std::string text = error_of({{"session.timeout.ms", "soon"}});
  expect_part(text, "session.timeout.ms=soon");
  expect_part(text, "Invalid value");
}

TEST(ConsumerSettings, SecretsAreNotPrinted) {
  const std::string text = error_of({{"sasl.passwordd", "hunter2"}});
  expect_part(text, "sasl.passwordd=***");
  EXPECT_EQ(text.find("hunter2"), std::string::npos);
}

TEST(ConsumerSettings, WhatTheFrameworkNeedsCannotBeChanged) {
  expect_part(error_of({{"enable.auto.commit", "true"}}), "the framework needs false");
  expect_part(error_of({{"auto.offset.reset", "earliest"}}), "the framework needs error");
  EXPECT_EQ(error_of({{"enable.auto.commit", "false"}}), "");
}

TEST(ConsumerSettings, ContradictionsAreSettingsErrorsToo) {
  expect_part(error_of({{"session.timeout.ms", "600000"}, {"max.poll.interval.ms", "10000"}}),
              "max.poll.interval.ms");
}

// Found while the client is made, behind its interceptors: a configuration that was destroyed then ended the
// process.
TEST(ConsumerSettings, AFileThatCannotBeUsedIsASettingsErrorToo) {
  const std::string text = error_of({{"security.protocol", "ssl"}, {"ssl.ca.location", "/no/such/ca.pem"}});
  expect_part(text, "ssl.ca.location");
  EXPECT_EQ(error_of({{"security.protocol", "ssl"}, {"ssl.key.pem", "hunter2"}}).find("hunter2"),
            std::string::npos);
}

TEST(ConsumerSettings, ServersAndGroupAreRequired) {
  KeptLog log;
  const auto made = adapters::make_consumer_client({.log = log, .group_id = "g", .settings = {}});
  ASSERT_FALSE(made.ok());
  expect_part(made.error().text(), "bootstrap.servers is missing");
  expect_part(error_of({}, ""), "group id");
}

TEST(ConsumerSettings, UsersChoicesWin) {
  EXPECT_EQ(error_of({{"queued.max.messages.kbytes", "100"}, {"partition.assignment.strategy", "range"}}), "");
}

TEST(RdkafkaVersion, KnowsTheBadOnes) {
  using adapters::known_defect;
  using adapters::rdkafka_release;
  EXPECT_NE(known_defect(rdkafka_release(2, 1, 0) | 0xFF), "");
  EXPECT_NE(known_defect(rdkafka_release(2, 5, 2) | 0xFF), "");
  EXPECT_NE(known_defect(rdkafka_release(2, 10, 0) | 0xFF), "");
  for (const int fine : {rdkafka_release(2, 0, 2), rdkafka_release(2, 1, 1), rdkafka_release(2, 5, 3)}) {
    EXPECT_EQ(known_defect(fine | 0xFF), "");
  }
}

TEST(CommitMetadata, MustBeShortAscii) {
  EXPECT_TRUE(adapters::metadata_is_safe(std::string(4095, 'x'), 4095));
  EXPECT_FALSE(adapters::metadata_is_safe(std::string(4096, 'x'), 4095));
  EXPECT_TRUE(adapters::metadata_is_safe(std::string(4096, 'x'), 10'000));
  EXPECT_TRUE(adapters::metadata_is_safe("", 0));
  EXPECT_FALSE(adapters::metadata_is_safe(std::string_view{"a\0b", 3}, 4095));
  EXPECT_FALSE(adapters::metadata_is_safe("\xc3\xa4", 4095));
}

TEST(QueueDrop, WakesOnceWhenAFullQueueHasFallenBelowHalf) {
  adapters::QueueDrop drop{1000};
  EXPECT_FALSE(drop.after_take(10, 100, 10));  // 200 of 1000: never was full
  EXPECT_FALSE(drop.after_take(10, 100, 90));  // full, and still is
  EXPECT_FALSE(drop.after_take(30, 300, 60));
  EXPECT_TRUE(drop.after_take(20, 200, 40));
  EXPECT_FALSE(drop.after_take(20, 200, 20));  // said already
  EXPECT_FALSE(drop.after_take(0, 0, 0));
  EXPECT_TRUE(drop.after_take(100, 1000, 0));  // in one go
}

TEST(RdkafkaLog, LinesThatDifferInNumbersOnlyAreCounted) {
  KeptLog log;
  adapters::RdkafkaLog lines{log};
  const std::chrono::steady_clock::time_point begin{};
  unsigned repeats = 0;
  EXPECT_TRUE(lines.admit("FAIL", "connect failed after 1 ms", begin, repeats));
  EXPECT_FALSE(lines.admit("FAIL", "connect failed after 27 ms", begin + 1s, repeats));
  EXPECT_TRUE(lines.admit("FAIL", "something else", begin + 1s, repeats));
  EXPECT_TRUE(lines.admit("FAIL", "connect failed after 3 ms", begin + 31s, repeats));
  EXPECT_EQ(repeats, 1U);
}

TEST(SpdlogLog, WritesLevelAndAreaFromItsLevelOn) {
  std::ostringstream out;
  auto logger = std::make_shared<spdlog::logger>("one", std::make_shared<spdlog::sinks::ostream_sink_mt>(out));
  logger->set_pattern("%l %v");
  logger->set_level(spdlog::level::trace);
  adapters::SpdlogLog log{logger, engine::LogLevel::warning};
  EXPECT_FALSE(log.enabled(engine::LogLevel::info));
  EXPECT_FALSE(log.enabled(engine::LogLevel::off));
  log.write(engine::LogLevel::info, "kafka", "unseen");
  log.write(engine::LogLevel::warning, "kafka", "seen {}");
  EXPECT_EQ(out.str(), "warning [kafka] seen {}\n");
  // A second one of the same name is none of the registry's business.
  EXPECT_NO_THROW((adapters::SpdlogLog{engine::LogLevel::error, "braid"}));
  EXPECT_NO_THROW((adapters::SpdlogLog{engine::LogLevel::error, "braid"}));
}

}  // namespace
}  // namespace braid::mock_test
