#include "mock/application/application_test.hpp"
#include "mock/application/worker_process.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <csignal>

namespace braid::application_test {
namespace {

class Signals : public ApplicationTest {
 protected:
  TemporaryFile file;

  [[nodiscard]] std::vector<std::string> arguments(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all{"bootstrap=" + cluster.bootstrap(), "group=g", "topic=orders",
                                 "log=" + file.path()};
    for (const auto& [name, value] : EmbeddedCluster::recommended_consumer_settings()) {
      all.push_back("kafka." + name + "=" + value);
    }
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  [[nodiscard]] std::size_t lines(char kind, const std::string& key = {}) const {
    const auto all = read_worker_log(file.path());
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](const WorkerLine& line) {
      return line.kind == kind && (key.empty() || line.key == key);
    }));
  }
};

TEST_F(Signals, TheFirstDrainsCommitsAndEndsWell) {
  make_topic("orders", 2);
  produce("orders", 2000, 20);
  WorkerProcess worker("mock_worker", arguments({"commit_ms=60000", "work_us=200"}));
  ASSERT_TRUE(eventually([&] { return lines('m') > 100; }));
  worker.signal(SIGTERM);
  const auto status = worker.wait(kDeadline);
  ASSERT_TRUE(status);
  ASSERT_TRUE(WIFEXITED(*status)) << *status;
  EXPECT_EQ(WEXITSTATUS(*status), 0);
  EXPECT_EQ(lines('e'), 1U);
  EXPECT_GT(lines('h', "stopping"), 0U);
  std::int64_t position = 0;
  for (const std::int64_t one : committed("g", "orders", 2)) position += std::max<std::int64_t>(one, 0);
  EXPECT_EQ(position, static_cast<std::int64_t>(lines('m'))) << "done and committed are the same after a drain";
}

TEST_F(Signals, TheSecondEndsAtOnce) {
  make_topic("orders");
  produce("orders", 10);
  WorkerProcess worker("mock_worker", arguments({"hold=1", "stop_ms=60000"}));
  ASSERT_TRUE(eventually([&] { return lines('h', "holding") > 0; }));
  worker.signal(SIGINT);
  ASSERT_TRUE(eventually([&] { return log.count("draining") > 0; }));
  EXPECT_FALSE(worker.wait(300ms)) << "the first did not drain";
  worker.signal(SIGTERM);
  const auto status = worker.wait(2s);
  ASSERT_TRUE(status) << "the second did not end it";
  ASSERT_TRUE(WIFEXITED(*status)) << *status;
  EXPECT_EQ(WEXITSTATUS(*status), 128 + SIGTERM);
}

TEST_F(Signals, AJobThatNeverEndsCostsTheDeadlineAndNoMore) {
  make_topic("orders");
  produce("orders", 10);
  WorkerProcess worker("mock_worker", arguments({"hold=1", "stop_ms=1000"}));
  ASSERT_TRUE(eventually([&] { return lines('h', "holding") > 0; }));
  worker.signal(SIGTERM);
  const auto status = worker.wait(10s);
  ASSERT_TRUE(status) << "the process hangs on a job that never ends";
  ASSERT_TRUE(WIFEXITED(*status)) << *status;
  EXPECT_EQ(WEXITSTATUS(*status), 3);
}

TEST_F(Signals, SigtstpQuietsAndSigttinDumps) {
  make_topic("orders", 2);
  produce("orders", 500, 20);
  WorkerProcess worker("mock_worker", arguments({"work_us=1000"}));
  ASSERT_TRUE(eventually([&] { return lines('m') > 10; }));
  worker.signal(SIGTTIN);
  ASSERT_TRUE(eventually([&] { return log.count("what everything does") == 1; }));
  EXPECT_GT(log.count("connection braid-l-0: g / "), 0U);
  EXPECT_GT(log.count("braid-signals"), 0U);
  worker.signal(SIGTSTP);
  ASSERT_TRUE(eventually([&] { return log.count("quiet: all that was taken is done and committed") == 1; }));
  const std::size_t done = lines('m');
  produce("orders", 100, 20);
  EXPECT_FALSE(worker.wait(500ms)) << "it ended";
  EXPECT_EQ(lines('m'), done) << "it took more";
  worker.signal(SIGTERM);
  const auto status = worker.wait(kDeadline);
  ASSERT_TRUE(status);
  EXPECT_TRUE(WIFEXITED(*status)) << *status;
  EXPECT_EQ(lines('h', "revoked"), 0U) << "it was a member to the end";
}

TEST_F(Signals, ADumpDoesNotKeepTheSecondSignalWaiting) {
  make_topic("orders");
  produce("orders", 10);
  WorkerProcess worker("mock_worker", arguments({"hold=1", "stop_ms=60000"}));
  ASSERT_TRUE(eventually([&] { return lines('h', "holding") > 0; }));
  worker.signal(SIGINT);
  ASSERT_TRUE(eventually([&] { return log.count("draining") > 0; }));
  // While it drains, too.
  worker.signal(SIGTTIN);
  ASSERT_TRUE(eventually([&] { return log.count("drains, to stop") == 1; }));
  EXPECT_GT(log.count(" runs since "), 0U);
  worker.signal(SIGTERM);
  const auto status = worker.wait(2s);
  ASSERT_TRUE(status);
  EXPECT_EQ(WEXITSTATUS(*status), 128 + SIGTERM);
}

// Nobody asked for signals: they do what the host has set up.
TEST_F(Signals, WithoutHandlingNothingIsTouched) {
  make_topic("orders");
  struct sigaction before {};
  ASSERT_EQ(::sigaction(SIGTERM, nullptr, &before), 0);
  Application app(settings(), route("g", "orders", recorder));
  app.start();
  struct sigaction during {};
  ASSERT_EQ(::sigaction(SIGTERM, nullptr, &during), 0);
  EXPECT_EQ(during.sa_handler, before.sa_handler);
  app.stop();
}

}  // namespace
}  // namespace braid::application_test
