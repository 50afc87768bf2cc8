// The program embedded_cluster as its users see it, with a client that is not ours.

#include "mock/application/eventually.hpp"
#include "mock/apps/program.hpp"

#include <gtest/gtest.h>

#include <csignal>

namespace braid::app_test {
namespace {

using application_test::eventually;
using application_test::kDeadline;
using namespace std::chrono_literals;

// What a line "bootstrap=..." says; empty while it is not there.
std::string bootstrap_of(const Program& program) {
  const std::string out = program.out();
  const std::string name = "bootstrap=";
  const auto end = out.find('\n');
  if (!out.starts_with(name) || end == std::string::npos) return {};
  return out.substr(name.size(), end - name.size());
}

TEST(EmbeddedClusterProgram, ServesOtherProcessesUntilItIsTerminated) {
  if (Program kcat("kcat", {"-V"}); kcat.wait(kDeadline) != 0) GTEST_SKIP() << "kcat is not installed";
  Program cluster(embedded_cluster_program(), {"--topic", "clicks:2", "--brokers", "2"});
  ASSERT_TRUE(eventually([&] { return !bootstrap_of(cluster).empty(); })) << cluster.err();
  const std::string bootstrap = bootstrap_of(cluster);
  EXPECT_NE(bootstrap.find(','), std::string::npos) << "one address a broker: " << bootstrap;

  Program producer("kcat", {"-P", "-b", bootstrap, "-t", "clicks", "-p", "1", "-K:"}, "ann:/home\nbob:/cart\n");
  ASSERT_EQ(producer.wait(kDeadline), 0) << producer.err();
  Program consumer("kcat", {"-C", "-q", "-e", "-b", bootstrap, "-t", "clicks", "-f", "%p@%o %k=%s\\n"});
  ASSERT_EQ(consumer.wait(kDeadline), 0) << consumer.err();
  EXPECT_EQ(consumer.out(), "1@0 ann=/home\n1@1 bob=/cart\n");

  EXPECT_FALSE(cluster.wait(0ms)) << "it does not stay";
  EXPECT_NE(cluster.err().find("unsupported: "), std::string::npos);
  cluster.signal(SIGTERM);
  EXPECT_EQ(cluster.wait(kDeadline), 0);
}

TEST(EmbeddedClusterProgram, EndsWithItsInputWhereAsked) {
  Program cluster(embedded_cluster_program(), {"--until-eof", "--quiet"});
  EXPECT_EQ(cluster.wait(kDeadline), 0);
  EXPECT_FALSE(bootstrap_of(cluster).empty());
  EXPECT_EQ(cluster.err(), "");
}

TEST(EmbeddedClusterProgram, RefusesWrongOptions) {
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{"--topic", "clicks:0"},
                                                {"--topic", "clicks:two"},
                                                {"--topic", ":2"},
                                                {"--brokers", "0"},
                                                {"--nope"}}) {
    Program cluster(embedded_cluster_program(), wrong);
    EXPECT_EQ(cluster.wait(kDeadline), 2) << wrong.front() << " " << wrong.back();
    EXPECT_EQ(cluster.out(), "");
    EXPECT_NE(cluster.err(), "");
  }
}

}  // namespace
}  // namespace braid::app_test
