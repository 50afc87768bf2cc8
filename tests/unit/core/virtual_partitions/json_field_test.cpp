#include "core/virtual_partitions/json_field.hpp"

#include "core/virtual_partitions/hash_reducer.hpp"
#include "core/virtual_partitions/placement.hpp"
#include "unit/support/test_messages.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace braid::core {
namespace {

using test_support::TestMessages;

// A key as a test can write it down: #7 is the number 7, anything else bytes; a problem has none.
struct Key {
  std::string text;
  std::string problem;
};

Key key_in(JsonFieldKey& field, std::optional<std::string> payload) {
  TestMessages messages;
  const Message message = messages.add("k", std::move(payload));
  KeyProblem problem;
  const PartitionKey key = field.key_of(message, problem);
  if (problem.text != nullptr) {
    EXPECT_TRUE(key.empty());
    return {"", problem.text};
  }
  return {key.is_number() ? "#" + std::to_string(key.number()) : std::string(key.bytes()), ""};
}

std::string key_of(const std::string& name, std::optional<std::string> payload) {
  JsonFieldKey field(name);
  const Key key = key_in(field, std::move(payload));
  EXPECT_EQ(key.problem, "");
  return key.text;
}

std::string problem_of(const std::string& name, std::optional<std::string> payload) {
  JsonFieldKey field(name);
  return key_in(field, std::move(payload)).problem;
}

TEST(JsonFieldKey, ScalarsBecomeKeys) {
  EXPECT_EQ(key_of("id", R"({"id": "abc"})"), "abc");
  EXPECT_EQ(key_of("id", R"({"id": ""})"), "");
  EXPECT_EQ(key_of("id", R"({"id": 5})"), "#5");
  EXPECT_EQ(key_of("id", R"({"id": 18446744073709551615})"), "#18446744073709551615");
  EXPECT_EQ(key_of("id", R"({"id": -5})"), "-5");
  EXPECT_EQ(key_of("id", R"({"id": 5.0})"), "5");
  EXPECT_EQ(key_of("id", R"({"id": 0.25})"), "0.25");
  EXPECT_EQ(key_of("id", R"({"id": true})"), "true");
  EXPECT_EQ(key_of("id", R"({"id": false})"), "false");
}

TEST(JsonFieldKey, StringsAreUnescaped) {
  EXPECT_EQ(key_of("id", R"({"id": "a\"b\u0041\n"})"), "a\"bA\n");
}

TEST(JsonFieldKey, LongestNumberTextFits) {
  EXPECT_EQ(key_of("id", R"({"id": -2.2250738585072014e-308})"), "-2.2250738585072014e-308");
  EXPECT_EQ(key_of("id", R"({"id": -9223372036854775808})"), "-9223372036854775808");
}

TEST(JsonFieldKey, NameIsTakenLiterallyAndAPointerDescends) {
  const std::string payload = R"({"a/b": 1, "a": {"b": "deep", "list": [10, 20]}, "a.b": 2})";
  EXPECT_EQ(key_of("a/b", payload), "#1");
  EXPECT_EQ(key_of("a.b", payload), "#2");
  EXPECT_EQ(key_of("/a/b", payload), "deep");
  EXPECT_EQ(key_of("/a/list/1", payload), "#20");
  EXPECT_EQ(key_of("/a~1b", payload), "#1");
}

TEST(JsonFieldKey, WhatIsNotThereIsAProblem) {
  EXPECT_EQ(problem_of("id", R"({"other": 1})"), "is absent");
  EXPECT_EQ(problem_of("id", R"([1])"), "is absent");
  EXPECT_EQ(problem_of("id", R"(5)"), "is absent");
  EXPECT_EQ(problem_of("/a/b", R"({"a": 1})"), "is absent");
  EXPECT_EQ(problem_of("/a/9", R"({"a": [1]})"), "is absent");
  EXPECT_EQ(problem_of("/a~9", R"({"a": [1]})"), "is absent");
  EXPECT_EQ(problem_of("id", R"({"id": null})"), "is null");
  EXPECT_EQ(problem_of("id", R"({"id": {}})"), "is an object or an array, which can't be a key");
  EXPECT_EQ(problem_of("id", R"({"id": [1]})"), "is an object or an array, which can't be a key");
}

TEST(JsonFieldKey, WhatIsNotJsonIsAProblem) {
  const std::string not_json = "can't be read: the payload is not JSON";
  EXPECT_EQ(problem_of("id", ""), not_json);
  EXPECT_EQ(problem_of("id", "{"), not_json);
  EXPECT_EQ(problem_of("id", R"({"id": 1} x)"), not_json);
  EXPECT_EQ(problem_of("id", std::string("\x00\xff\x01", 3)), not_json);
  EXPECT_EQ(problem_of("id", std::string(100'000, '[')), not_json) << "nesting must not exhaust the stack";
  EXPECT_EQ(problem_of("id", std::nullopt), "is absent: the message has no payload");
}

TEST(JsonFieldKey, OneGoesOnAfterProblemsAndLargePayloads) {
  JsonFieldKey field("id");
  std::string large = R"({"list": [0)";
  for (int i = 0; i < 200'000; ++i) large += ",0";
  large += R"(], "id": "large"})";
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(key_in(field, R"({"id": "small"})").text, "small");
    EXPECT_NE(key_in(field, R"({"id": )").problem, "");
    EXPECT_EQ(key_in(field, large).text, "large");
    EXPECT_NE(key_in(field, std::nullopt).problem, "");
  }
}

TEST(JsonFieldKey, NumberAndTextMeetInTheSameVirtualPartition) {
  TestMessages messages;
  for (const char* value : {"5", R"("5")", "5.0", "-5", R"("-5")"}) {
    messages.add("k", R"({"user": {"id": )" + std::string(value) + "}}");
  }
  const auto placement =
      make_placement({.by = {routing::PartitionBy::Kind::json_field, "/user/id", {}}}, 1'000'000);
  std::vector<std::uint32_t> indexes(messages.size());
  std::vector<KeyId> keys(messages.size());
  EXPECT_EQ(placement->place(messages.all(), indexes, keys).errors, 0u);
  EXPECT_EQ(indexes[0], reduce_by_hash(std::string_view("5"), 1'000'000));
  EXPECT_EQ(indexes[1], indexes[0]);
  EXPECT_EQ(indexes[2], indexes[0]);
  EXPECT_EQ(indexes[3], reduce_by_hash(std::string_view("-5"), 1'000'000));
  EXPECT_EQ(indexes[4], indexes[3]);
}

TEST(JsonFieldKey, ProblemsAreReportedAndGoByOffset) {
  TestMessages messages;
  messages.add({.offset = 17, .payload = R"({"id": 1})"});
  messages.add({.offset = 18, .payload = "poison"});
  messages.add({.offset = 19, .payload = R"({})"});
  const auto placement = make_placement({.by = {routing::PartitionBy::Kind::json_field, "id", {}}}, 8);
  std::vector<std::uint32_t> indexes(messages.size());
  std::vector<KeyId> keys(messages.size());
  const PartitionerReport report = placement->place(messages.all(), indexes, keys);
  EXPECT_EQ(indexes[1], 2u);
  EXPECT_EQ(indexes[2], 3u);
  EXPECT_EQ(report.errors, 2u);
  EXPECT_EQ(report.first_error_text, "field 'id': can't be read: the payload is not JSON");
  EXPECT_EQ(report.first_error_offset, Offset{18});
}

}  // namespace
}  // namespace braid::core
