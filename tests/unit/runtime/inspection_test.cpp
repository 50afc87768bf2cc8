#include "runtime/inspection.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace braid::runtime {
namespace {

using engine::Command;

class Silent final : public engine::Notifier {
 public:
  void notify() noexcept override {}
};

// A connection as the inspection sees it, without a thread of its own.
struct Listened {
  explicit Listened(std::string name)
      : connection{std::move(name), std::make_shared<engine::Mailbox>(std::make_shared<Silent>()),
                   std::make_shared<engine::ListenerFacts>()} {}
  ~Listened() { connection.mailbox->close(); }
  Listened(const Listened&) = delete;
  Listened& operator=(const Listened&) = delete;

  void runs() const { connection.facts->answers.store(true); }
  void settles() const { connection.facts->settled.store(true); }
  // What it was asked; dumps are answered.
  [[nodiscard]] std::vector<Command::Kind> read() const {
    std::vector<Command::Kind> kinds;
    while (const auto mail = connection.mailbox->take()) {
      kinds.push_back(mail->command->kind);
      if (mail->command->dump) mail->command->dump->answer("is read\n");
      engine::Mailbox::settle(*mail);
    }
    return kinds;
  }

  Inspection::Connection connection;
};

class InspectionTest : public ::testing::Test {
 protected:
  // What has come without anybody waiting.
  [[nodiscard]] std::string dump() const {
    const auto asked = inspection.begin_dump();
    EXPECT_TRUE(asked.request->complete());
    return inspection.text_of(asked);
  }

  adapters::SpdlogLog log{engine::LogLevel::off};
  engine::Counters counters;
  Inspection inspection{log, counters};
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(InspectionTest, OneThatComesWhileTheApplicationIsQuietIsToldSo) {
  const Listened first("braid-l-0");
  inspection.add(first.connection);
  inspection.quiet();
  inspection.quiet();
  EXPECT_EQ(first.read(), std::vector{Command::Kind::quiet}) << "once";
  const Listened second("braid-l-1");
  inspection.add(second.connection);
  EXPECT_EQ(second.read(), std::vector{Command::Kind::quiet});
}

TEST_F(InspectionTest, QuietIsSettledWhenThoseThatRunAre) {
  const Listened first("braid-l-0");
  const Listened second("braid-l-1");
  inspection.add(first.connection);
  inspection.add(second.connection);
  first.runs();
  first.settles();
  second.runs();
  EXPECT_FALSE(inspection.settled()) << "nobody has asked";
  inspection.quiet();
  EXPECT_FALSE(inspection.settled());
  second.settles();
  EXPECT_TRUE(inspection.settled());
}

TEST_F(InspectionTest, WhatLooksForABrokerOrHasEndedKeepsNobodyWaiting) {
  const Listened first("braid-l-0");
  const Listened second("braid-l-1");
  inspection.add(first.connection);
  inspection.add(second.connection);
  second.runs();
  inspection.remove("braid-l-1");
  const std::string text = dump();
  EXPECT_TRUE(has(text, "connection braid-l-0: looks for a broker\n")) << text;
  EXPECT_TRUE(has(text, "connection braid-l-1: it has ended\n")) << text;
  inspection.quiet();
  EXPECT_TRUE(inspection.settled());
  EXPECT_EQ(second.read(), std::vector<Command::Kind>{}) << "it is not asked any more";
}

TEST_F(InspectionTest, OneThatComesBackTakesThePlaceOfTheOneBefore) {
  const Listened before("braid-l-0");
  before.runs();
  inspection.add(before.connection);
  inspection.remove("braid-l-0");
  const Listened behind("braid-l-0");
  behind.runs();
  inspection.add(behind.connection);
  const auto asked = inspection.begin_dump();
  ASSERT_EQ(asked.names, std::vector<std::string>{"braid-l-0"});
  EXPECT_FALSE(asked.request->complete());
  EXPECT_EQ(behind.read(), std::vector{Command::Kind::dump});
  EXPECT_TRUE(has(inspection.text_of(asked), "connection braid-l-0: is read\n"));
}

TEST_F(InspectionTest, AListenerThatHasEndedUnseenAnswersByItsMailbox) {
  const Listened ended("braid-l-0");
  ended.runs();
  inspection.add(ended.connection);
  ended.connection.mailbox->close();
  EXPECT_TRUE(has(dump(), "connection braid-l-0: it has ended\n"));
}

}  // namespace
}  // namespace braid::runtime
