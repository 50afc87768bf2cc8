#include "adapters/librdkafka/group_protocol.hpp"

#include "adapters/librdkafka/rdkafka_version.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace braid::adapters {
namespace {

class Lines final : public engine::Log {
 public:
  [[nodiscard]] bool enabled(engine::LogLevel) const override { return true; }
  void write(engine::LogLevel, std::string_view, std::string_view text) override { lines.emplace_back(text); }
  std::vector<std::string> lines;
};

class GroupProtocol : public ::testing::Test {
 protected:
  // The error's text; empty: none.
  std::string check(const KafkaSettings& settings, int version) {
    const auto error = check_group_protocol(settings, version, log);
    if (!error) return {};
    EXPECT_EQ(error->kind(), Error::Kind::invalid_setting);
    return error->text();
  }
  static bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

  Lines log;
  KafkaSettings consumer{{"group.protocol", "consumer"}};
};

TEST_F(GroupProtocol, TheNewOneIsRefusedBeforeItsPreviewNamingTheVersionsThatHaveIt) {
  for (const int version : {rdkafka_release(2, 0, 2), rdkafka_release(2, 8, 0), rdkafka_release(2, 9, 0)}) {
    const std::string text = check(consumer, version);
    EXPECT_TRUE(has(text, "needs librdkafka 2.12 or later (2.10 and 2.11 have a preview of it)")) << text;
  }
  EXPECT_TRUE(has(check(consumer, rdkafka_release(2, 8, 0)), "this is librdkafka 2.8.0"));
}

TEST_F(GroupProtocol, ThePreviewIsWarnedOfAndWhatIsReadyIsNot) {
  EXPECT_EQ(check(consumer, rdkafka_release(2, 12, 0)), "");
  EXPECT_TRUE(log.lines.empty());
  EXPECT_EQ(check(consumer, rdkafka_release(2, 11, 1)), "");
  ASSERT_EQ(log.lines.size(), 1U);
  EXPECT_TRUE(has(log.lines[0], "is a preview in librdkafka 2.11.1"));
}

TEST_F(GroupProtocol, WhatTheBrokerSaysIsNotTheClientsToSay) {
  for (const char* name : {"partition.assignment.strategy", "session.timeout.ms", "heartbeat.interval.ms"}) {
    KafkaSettings settings = consumer;
    settings[name] = "6000";
    EXPECT_TRUE(has(check(settings, rdkafka_release(2, 12, 0)), name));
  }
}

TEST_F(GroupProtocol, TheOldOneIsEverybodys) {
  EXPECT_EQ(check({}, rdkafka_release(2, 0, 2)), "");
  EXPECT_EQ(check({{"group.protocol", "classic"}}, rdkafka_release(2, 0, 2)), "");
  EXPECT_EQ(check({{"session.timeout.ms", "6000"}}, rdkafka_release(2, 12, 0)), "");
}

TEST_F(GroupProtocol, KindsOfStrategiesAreNotMixed) {
  for (const char* mixed :
       {"cooperative-sticky,range", "range, cooperative-sticky", "roundrobin,cooperative-sticky"}) {
    const std::string text = check({{"partition.assignment.strategy", mixed}}, rdkafka_release(2, 12, 0));
    EXPECT_TRUE(has(text, "never together")) << mixed << ": " << text;
    EXPECT_TRUE(has(text, mixed));
  }
  for (const char* one : {"cooperative-sticky", "range", "range,roundrobin", " range , roundrobin "}) {
    EXPECT_EQ(check({{"partition.assignment.strategy", one}}, rdkafka_release(2, 0, 2)), "") << one;
  }
}

}  // namespace
}  // namespace braid::adapters
