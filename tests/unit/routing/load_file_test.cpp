#include "consumers.hpp"

#include <braid/routing/load.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace {

using namespace braid::routing;
using routing_test::registry;
using routing_test::topic_with;
using Lines = std::vector<std::string>;

class LoadFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "braid-routing-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
};

TEST_F(LoadFile, ReadsAFileAndNamesItInProblems) {
  const auto path = folder_ / "routing.yaml";
  std::ofstream(path) << topic_with("max_messages: 5");
  const Loaded loaded = load_file(path, registry());
  ASSERT_TRUE(loaded.ok());
  const Topic& topic = loaded.routes.consumer_groups[0].subscription_groups[0].topics[0];
  EXPECT_EQ(topic.max_messages, 5u);
  EXPECT_EQ(topic.location, (SourceLocation{.file = path.string(), .line = 6, .column = 13}));

  std::ofstream(path) << topic_with("max_messages: 0");
  const auto problems = load_file(path, registry()).problems;
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].location.file, path.string());
}

TEST_F(LoadFile, AFileThatCannotBeReadIsAProblem) {
  const std::string missing = (folder_ / "missing.yaml").string();
  EXPECT_EQ(routing_test::lines(load_file(missing, registry()).problems),
            Lines{missing + ": can't be read: No such file or directory"});
  EXPECT_EQ(routing_test::lines(load_file(folder_, registry()).problems),
            Lines{folder_.string() + ": can't be read: Is a directory"});
  EXPECT_EQ(routing_test::lines(load_file("/dev/zero", registry()).problems),
            Lines{"/dev/zero: can't be read: it is longer than 16 MiB"});
}

}  // namespace
