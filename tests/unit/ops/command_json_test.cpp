#include "ops/src/command_json.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <chrono>
#include <string>
#include <variant>

namespace braid::ops {
namespace {

template <class C>
C parsed(const char* name, const char* body) {
  const auto command = parse_command(name, body);
  if (!command) {
    ADD_FAILURE() << command.error().text();
    return {};
  }
  EXPECT_TRUE(std::holds_alternative<C>(command.value()));
  return std::get<C>(command.value());
}

std::string why(const char* name, const char* body) {
  const auto command = parse_command(name, body);
  return command ? "" : command.error().text();
}

TEST(Commands, AreParsed) {
  parsed<Quiet>("quiet", "");
  parsed<Quiet>("quiet", "{}");
  const auto pause =
      parsed<Pause>("pause", R"({"topic":"orders","partition":3,"consumer_group":"shop","for_ms":1500})");
  EXPECT_EQ(pause.choice.topic, "orders");
  EXPECT_EQ(pause.choice.partition, 3);
  EXPECT_EQ(pause.choice.consumer_group, "shop");
  EXPECT_EQ(pause.duration, std::chrono::milliseconds(1500));
  const auto resume = parsed<Resume>("resume", R"({"topic":"orders","partition":null})");
  EXPECT_EQ(resume.choice.partition, std::nullopt);
  EXPECT_EQ(parsed<SetConcurrency>("concurrency", R"({"workers":12})").workers, 12U);
  EXPECT_EQ(parsed<SetLogLevel>("log-level", R"({"level":"warning"})").level, LogLevel::warning);
  EXPECT_EQ(parsed<ReleaseParked>("release-parked", R"({"topic":"t"})").choice.topic, "t");
  EXPECT_EQ(parsed<DeadLetterParked>("dead-letter-parked", R"({"topic":"t"})").choice.topic, "t");
}

TEST(Commands, ASeekHasOneTarget) {
  EXPECT_EQ(parsed<Seek>("seek", R"({"topic":"t","to":"latest"})").to, Seek::To::latest);
  const auto offset = parsed<Seek>("seek", R"({"topic":"t","partition":0,"offset":70})");
  EXPECT_EQ(offset.to, Seek::To::offset);
  EXPECT_EQ(offset.offset, 70);
  EXPECT_EQ(parsed<Seek>("seek", R"({"topic":"t","time_ms":1700000000000})").time.count(), 1'700'000'000'000);
  EXPECT_NE(why("seek", R"({"topic":"t"})"), "");
  EXPECT_NE(why("seek", R"({"topic":"t","to":"latest","time_ms":1})"), "");
  EXPECT_NE(why("seek", R"({"topic":"t","to":"middle"})"), "");
  EXPECT_NE(why("seek", R"({"topic":"t","partition":0,"offset":-1})"), "");
  // The same offset in all partitions is nobody's wish.
  EXPECT_NE(why("seek", R"({"topic":"t","offset":7})").find("`partition` is missing"), std::string::npos);
}

TEST(Commands, WhatIsWrongIsNamed) {
  EXPECT_NE(why("pause", R"({"topic":"t")").find("no JSON"), std::string::npos);
  EXPECT_NE(why("pause", "[]").find("no JSON object"), std::string::npos);
  EXPECT_NE(why("pause", "{}").find("`topic` is missing"), std::string::npos);
  EXPECT_NE(why("pause", R"({"topic":""})").find("`topic`"), std::string::npos);
  EXPECT_NE(why("pause", R"({"topic":7})").find("`topic`"), std::string::npos);
  EXPECT_NE(why("pause", R"({"topic":"t","partition":-1})").find("`partition`"), std::string::npos);
  EXPECT_NE(why("pause", R"({"topic":"t","partition":1.5})").find("`partition`"), std::string::npos);
  EXPECT_NE(why("pause", R"({"topic":"t","partition":99999999999999999999})").find("`partition`"),
            std::string::npos);
  EXPECT_NE(why("pause", R"({"topic":"t","for_ms":0})").find("`for_ms`"), std::string::npos);
  EXPECT_NE(why("concurrency", R"({"workers":10001})").find("`workers`"), std::string::npos);
  EXPECT_NE(why("log-level", R"({"level":"loud"})").find("`level`"), std::string::npos);
  EXPECT_NE(why("pause", R"({"topic":"t","seconds":3})").find("`seconds` is no field"), std::string::npos);
  EXPECT_NE(why("quiet", R"({"topic":"t"})").find("`topic` is no field"), std::string::npos);
}

TEST(Commands, NestingHasItsBound) {
  EXPECT_NE(why("quiet", (std::string(10'000, '[') + std::string(10'000, ']')).c_str()), "");
}

RC_GTEST_PROP(Commands, AnyBodyIsTakenOrRefused, (const std::string& body)) {
  for (const auto name : command_names()) {
    const auto command = parse_command(name, body);
    if (!command) RC_ASSERT(!command.error().text().empty());
  }
}

TEST(Commands, EachErrorHasItsStatus) {
  EXPECT_EQ(command_answer(Result<std::string>("paused 3 partitions")).body,
            "{\"done\":\"paused 3 partitions\"}\n");
  const auto status = [](Error::Kind kind) { return command_answer(Result<std::string>(Error(kind, "x"))).status; };
  EXPECT_EQ(status(Error::Kind::invalid_setting), 400);
  EXPECT_EQ(status(Error::Kind::unknown_topic), 404);
  EXPECT_EQ(status(Error::Kind::closed), 409);
  EXPECT_EQ(status(Error::Kind::timed_out), 504);
  EXPECT_EQ(status(Error::Kind::other), 409);
}

}  // namespace
}  // namespace braid::ops
