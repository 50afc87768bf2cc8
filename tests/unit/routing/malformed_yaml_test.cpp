#include "consumers.hpp"

#include <braid/routing/load.hpp>

#include <gtest/gtest.h>

#include <algorithm>

namespace {

using routing_test::problems_of;
using routing_test::topic_with;
using Lines = std::vector<std::string>;

TEST(MalformedYaml, YamlThatDoesNotParseNamesThePlaceAndTheReason) {
  EXPECT_EQ(problems_of("consumer_groups:\n  - id: [a\n"),
            Lines{"routing.yaml:3:1: is not YAML: end of sequence flow not found"});
  EXPECT_EQ(problems_of("a: b\n c: d\n"), Lines{"routing.yaml:2:3: is not YAML: illegal map value"});
  EXPECT_EQ(problems_of("a: *nowhere\n"),
            Lines{"routing.yaml:1:4: is not YAML: the referenced anchor is not defined"});
  EXPECT_EQ(problems_of("a: &a [*a]\n"),
            Lines{"routing.yaml:1:8: is not YAML: an alias may not stand within its own anchor"});
  EXPECT_EQ(problems_of("a: 1\n---\nb: 2\n"),
            Lines{"routing.yaml:2:1: is not YAML: a routing file holds one document, here starts another"});
  // yaml-cpp's reason quotes the newline; the problem stays one line.
  EXPECT_EQ(problems_of(std::string("1e9\0\n  ", 7)),
            Lines{"routing.yaml:2:1: is not YAML: unknown escape character: \\n"});
}

TEST(MalformedYaml, EveryTruncationOfAFileIsReportedOrLoads) {
  const std::string yaml =
      topic_with("max_messages: 10, virtual_partitions: {by: {json: user_id}}, kafka: {a: 'b'}");
  for (std::size_t length = 0; length + 1 < yaml.size(); ++length) {
    EXPECT_FALSE(problems_of(yaml.substr(0, length)).empty()) << length;
  }
  EXPECT_EQ(problems_of(yaml), Lines{});
}

TEST(MalformedYaml, DeepNestingIsAProblemNotACrash) {
  for (const char* bracket : {"[", "{a: ", "- ", "? "}) {
    std::string yaml;
    for (int i = 0; i < 20'000; ++i) yaml += bracket;
    EXPECT_EQ(problems_of(yaml).size(), 1u) << bracket;
  }
}

TEST(MalformedYaml, AliasesCannotMultiplyAFileWithoutBound) {
  std::string yaml = "x-topic: &t {name: t, consumer: Totals}\nx-topics: &ts [";
  for (int i = 0; i < 2000; ++i) yaml += "*t,";
  yaml += "]\nconsumer_groups: [";
  for (int i = 0; i < 2000; ++i) yaml += "{id: g" + std::to_string(i) + ", topics: *ts},";
  const Lines problems = problems_of(yaml + "]");
  EXPECT_TRUE(std::any_of(problems.begin(), problems.end(), [](const std::string& line) {
    return line.find("the file expands to more than 200000 keys and items") != std::string::npos;
  }));
}

TEST(MalformedYaml, MergeKeysCannotMultiplyAFileWithoutBound) {
  std::string yaml = "x-a: &a {";
  for (int i = 0; i < 1000; ++i) yaml += "k" + std::to_string(i) + ": 1,";
  yaml += "}\nx-b: [";
  for (int i = 0; i < 200; ++i) yaml += "{<<: *a},";
  const Lines problems = problems_of(yaml + "]\n");
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_NE(problems[0].find("is not YAML: the file merges too many keys"), std::string::npos) << problems[0];
}

}  // namespace
