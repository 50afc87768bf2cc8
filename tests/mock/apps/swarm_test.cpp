#include "mock/application/application_test.hpp"
#include "mock/application/worker_process.hpp"
#include "mock/apps/program.hpp"
#include "tests/lib/paths.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <set>
#include <sstream>

// `braid swarm`, with small programs of the shell, and with members of a group.

namespace braid::app_test {
namespace {

using application_test::eventually;
using application_test::kDeadline;
using application_test::TemporaryFile;
using namespace std::chrono_literals;

using Arguments = std::vector<std::string>;

std::unique_ptr<Program> swarm(Arguments options, const Arguments& command) {
  options.insert(options.begin(), "swarm");
  options.emplace_back("--");
  options.insert(options.end(), command.begin(), command.end());
  return std::make_unique<Program>(braid_program(), options);
}

std::unique_ptr<Program> swarm_of_shells(Arguments options, const std::string& script) {
  return swarm(std::move(options), {"sh", "-c", script});
}

// What runs until it is told otherwise. `wait` lets the traps run at once.
const std::string kWaits = "while :; do sleep 60 & wait $!; done";

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++found;
  return found;
}

// The processes that a node has been, in turn.
std::vector<pid_t> processes_of(const Program& program, int node) {
  std::vector<pid_t> found;
  const std::string mark = "swarm: node " + std::to_string(node) + " is process ";
  for (const std::string& line : lines_of(program.err())) {
    if (line.starts_with(mark)) found.push_back(std::stoi(line.substr(mark.size())));
  }
  return found;
}

bool lives(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  if (!std::getline(file, text)) return false;
  const char state = text.at(text.rfind(')') + 2);
  return state != 'Z' && state != 'X';
}

bool all_run(const Program& program, int nodes) {
  return eventually([&] {
    for (int node = 0; node < nodes; ++node) {
      if (processes_of(program, node).empty()) return false;
    }
    return true;
  });
}

struct Wrong {
  const char* name;
  Arguments arguments;
  int status;
  const char* says;
};

class WrongSwarm : public ::testing::TestWithParam<Wrong> {};

TEST_P(WrongSwarm, IsToldInOneLine) {
  Arguments arguments = GetParam().arguments;
  arguments.insert(arguments.begin(), "swarm");
  Program program(braid_program(), arguments);
  EXPECT_EQ(program.wait(kDeadline), GetParam().status) << program.err();
  EXPECT_EQ(lines_of(program.err()).size(), 1U) << program.err();
  EXPECT_NE(program.err().find(GetParam().says), std::string::npos) << program.err();
  EXPECT_EQ(program.out(), "");
}

INSTANTIATE_TEST_SUITE_P(
    Arguments, WrongSwarm,
    ::testing::Values(
        Wrong{"NoNumber", {"--", "true"}, 2, "--processes is required"},
        Wrong{"NoProcesses", {"--processes", "0", "--", "true"}, 2, "--processes"},
        Wrong{"ManyProcesses", {"--processes", "1001", "--", "true"}, 2, "--processes"},
        Wrong{"NotANumber", {"--processes", "two", "--", "true"}, 2, "--processes"},
        Wrong{"NoProgram", {"--processes", "2", "--"}, 2, "no program"},
        Wrong{"NoDashes", {"--processes", "2"}, 2, "no program"},
        Wrong{"NoSize", {"--processes", "2", "--memory-limit", "big", "--", "true"}, 2, "'big'"},
        Wrong{"NegativeTime", {"--processes", "2", "--backoff", "-1", "--", "true"}, 2, "--backoff"},
        Wrong{"NoSuchProgram",
              {"--processes", "2", "--", "no-such-program-here"},
              127,
              "no-such-program-here: program not found"},
        Wrong{"NoSuchFile", {"--processes", "2", "--", "/no/such/file"}, 127, "/no/such/file: program not found"},
        Wrong{"EmptyName", {"--processes", "2", "--", ""}, 127, "program not found"},
        Wrong{"Folder", {"--processes", "2", "--", "/tmp"}, 126, "/tmp: Is a directory"},
        Wrong{"NotExecutable", {"--processes", "2", "--", "/etc/passwd"}, 126, "/etc/passwd: Permission denied"}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST(Swarm, TellsEachProcessWhichOneItIs) {
  const auto program = swarm_of_shells({"--processes", "3", "--group-instance-id", "me"},
                                       "echo $BRAID_NODE of $BRAID_NODES, $BRAID_GROUP_INSTANCE_ID");
  ASSERT_EQ(program->wait(kDeadline), 0) << program->err();
  for (const char* line : {"0 of 3, me\n", "1 of 3, me\n", "2 of 3, me\n"}) {
    EXPECT_EQ(count(program->out(), line), 1U) << program->out();
  }
  EXPECT_EQ(count(program->out(), "1 start, ended with 0 x 1; finished x 1"), 3U) << program->out();
  EXPECT_EQ(count(program->out(), "RESULT name=swarm processes=3 starts=3 crashed=0"), 1U) << program->out();
}

TEST(Swarm, StartsAgainWhatFailsAndGivesUpInTheEnd) {
  const auto program =
      swarm_of_shells({"--processes", "2", "--backoff", "0.01", "--max-failures", "3"}, "exit $((BRAID_NODE * 3))");
  ASSERT_EQ(program->wait(kDeadline), 1) << program->err();
  EXPECT_EQ(count(program->out(), "node 0: 1 start, ended with 0 x 1; finished x 1\n"), 1U) << program->out();
  EXPECT_EQ(count(program->out(), "node 1: 3 starts, ended with 3 x 3; crashed x 3; given up\n"), 1U)
      << program->out();
}

TEST(Swarm, AProcessThatIsKilledComesBackAlone) {
  const auto program = swarm_of_shells({"--processes", "2", "--backoff", "0.01"}, "exec sleep 600");
  ASSERT_TRUE(all_run(*program, 2));
  const pid_t killed = processes_of(*program, 1).front();
  ::kill(killed, SIGKILL);
  ASSERT_TRUE(eventually([&] { return processes_of(*program, 1).size() == 2; })) << program->err();
  EXPECT_EQ(processes_of(*program, 0).size(), 1U);
  EXPECT_EQ(count(program->err(), "node 1 ended by signal 9; started again in 0.0 s"), 1U) << program->err();
  program->signal(SIGTERM);
  ASSERT_EQ(program->wait(kDeadline), 0) << program->err();
  EXPECT_EQ(count(program->out(), "node 1: 2 starts, ended by signal 15 x 1, ended by signal 9 x 1; crashed x 1"),
            1U)
      << program->out();
}

TEST(Swarm, AStopIsPassedOnAndWaitedFor) {
  const auto program =
      swarm_of_shells({"--processes", "3"}, "trap 'echo node $BRAID_NODE says goodbye; exit 0' TERM; " + kWaits);
  ASSERT_TRUE(all_run(*program, 3));
  std::set<pid_t> all;
  for (int node = 0; node < 3; ++node) all.insert(processes_of(*program, node).front());
  // The traps must be set.
  ASSERT_TRUE(eventually([&] {
    return std::all_of(all.begin(), all.end(), [](pid_t pid) {
      std::ifstream file("/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children");
      std::string children;
      return static_cast<bool>(std::getline(file, children)) && !children.empty();
    });
  }));
  program->signal(SIGTERM);
  ASSERT_EQ(program->wait(kDeadline), 0) << program->err();
  EXPECT_EQ(count(program->out(), "says goodbye"), 3U) << program->out();
  for (const pid_t pid : all) EXPECT_FALSE(lives(pid));
}

TEST(Swarm, WhatDoesNotEndInTimeIsKilledWithAllThatItStarted) {
  const auto program = swarm_of_shells({"--processes", "1", "--stop-timeout", "0.3"},
                                       "trap '' TERM; sleep 600 & echo child $!; wait; wait; sleep 600");
  ASSERT_TRUE(eventually([&] { return count(program->out(), "child ") == 1; }));
  const pid_t child = std::stoi(lines_of(program->out()).front().substr(6));
  program->signal(SIGTERM);
  ASSERT_EQ(program->wait(kDeadline), 1) << program->err();
  EXPECT_EQ(count(program->err(), "has not ended within 0.3 s: killed"), 1U) << program->err();
  EXPECT_TRUE(eventually([&] { return !lives(child); }));
}

TEST(Swarm, TheSecondStopKillsAtOnce) {
  const auto program =
      swarm_of_shells({"--processes", "2", "--stop-timeout", "600"}, "trap '' INT TERM; echo set; " + kWaits);
  ASSERT_TRUE(eventually([&] { return count(program->out(), "set") == 2; }));
  program->signal(SIGINT);
  ASSERT_TRUE(eventually([&] { return count(program->err(), "signal 2 is passed on") == 1; }));
  EXPECT_FALSE(program->wait(200ms)) << "the first one waits";
  program->signal(SIGINT);
  EXPECT_EQ(program->wait(kDeadline), 1) << program->err();
}

TEST(Swarm, ItsProcessesDieWithIt) {
  const auto program = swarm_of_shells({"--processes", "2"}, "trap '' TERM HUP INT; echo set; exec sleep 600");
  ASSERT_TRUE(eventually([&] { return count(program->out(), "set") == 2; }));
  ASSERT_TRUE(all_run(*program, 2));
  const pid_t first = processes_of(*program, 0).front();
  const pid_t second = processes_of(*program, 1).front();
  ASSERT_TRUE(lives(first) && lives(second));
  program->signal(SIGKILL);
  ASSERT_EQ(program->wait(kDeadline), 128 + SIGKILL);
  EXPECT_TRUE(eventually([&] { return !lives(first) && !lives(second); }));
}

TEST(Swarm, OtherSignalsArePassedOnAndNothingEnds) {
  const auto program =
      swarm_of_shells({"--processes", "2"},
                      "trap 'echo hup' HUP; trap 'echo quiet' TSTP; trap 'echo dump' TTIN; echo set; " + kWaits);
  ASSERT_TRUE(eventually([&] { return count(program->out(), "set") == 2; }));
  for (const auto& [number, word] : {std::pair{SIGHUP, "hup"}, {SIGTSTP, "quiet"}, {SIGTTIN, "dump"}}) {
    program->signal(number);
    EXPECT_TRUE(eventually([&, word = word] { return count(program->out(), word) == 2; }))
        << word << program->err();
  }
  program->signal(SIGTERM);
  EXPECT_EQ(program->wait(kDeadline), 0) << program->err();
}

TEST(Swarm, WhatGrowsOverTheLimitIsToldToEndAndStartedAgain) {
  TemporaryFile once;
  // Grows in its first life only.
  const auto program =
      swarm_of_shells({"--processes", "1", "--memory-limit", "20M", "--backoff", "0.01"},
                      "trap 'echo smaller; exit 0' TERM; if [ ! -s " + once.path() + " ]; then echo x >" +
                          once.path() + "; x=$(head -c 40000000 /dev/zero | tr '\\0' x); fi; " + kWaits);
  ASSERT_TRUE(eventually([&] { return processes_of(*program, 0).size() == 2; })) << program->err();
  EXPECT_EQ(count(program->out(), "smaller"), 1U);
  EXPECT_EQ(count(program->err(), "over 20 MiB: told to end"), 1U) << program->err();
  program->signal(SIGTERM);
  EXPECT_EQ(program->wait(kDeadline), 0) << program->err();
  EXPECT_EQ(count(program->out(), "over the memory limit x 1"), 1U) << program->out();
}

TEST(Swarm, WhatSendsNoHeartbeatsAnyMoreIsDumpedAndEnded) {
  const auto program = swarm_of_shells({"--processes", "1", "--stuck-after", "0.2", "--backoff", "0.01"},
                                       "trap 'echo dump' TTIN; printf b >/dev/fd/$BRAID_HEARTBEAT_FD; " + kWaits);
  ASSERT_TRUE(eventually([&] { return processes_of(*program, 0).size() == 2; })) << program->err();
  EXPECT_GE(count(program->out(), "dump"), 1U);
  EXPECT_GE(count(program->err(), "node 0 ended by signal 6, having been stuck"), 1U) << program->err();
  program->signal(SIGTERM);
  EXPECT_TRUE(program->wait(kDeadline)) << program->err();
}

TEST(Swarm, WhoSaysThatItSendsNoneIsLeftAlone) {
  const auto program = swarm_of_shells({"--processes", "1", "--stuck-after", "0.1"},
                                       "printf be >/dev/fd/$BRAID_HEARTBEAT_FD; echo said; " + kWaits);
  ASSERT_TRUE(eventually([&] { return count(program->out(), "said") == 1; }));
  EXPECT_FALSE(program->wait(500ms));
  EXPECT_EQ(count(program->err(), "stuck"), 0U) << program->err();
  program->signal(SIGTERM);
  EXPECT_EQ(program->wait(kDeadline), 0) << program->err();
}

// --- members of a group

class SwarmOfMembers : public application_test::ApplicationTest {
 protected:
  TemporaryFile file;

  [[nodiscard]] std::unique_ptr<Program> members(Arguments options, const Arguments& more = {}) const {
    Arguments command{test_paths::program("mock_worker"), "bootstrap=" + cluster.bootstrap(), "group=g",
                      "topic=orders", "log=" + file.path()};
    for (const auto& [name, value] : testing::EmbeddedCluster::recommended_consumer_settings()) {
      command.push_back("kafka." + name + "=" + value);
    }
    command.insert(command.end(), more.begin(), more.end());
    return swarm(std::move(options), command);
  }
  [[nodiscard]] std::size_t distinct() const {
    std::set<std::pair<std::int32_t, std::int64_t>> seen;
    for (const auto& line : application_test::read_worker_log(file.path())) {
      if (line.kind == 'm') seen.insert({line.partition, line.offset});
    }
    return seen.size();
  }
};

TEST_F(SwarmOfMembers, LosesNothingWhenAProcessIsKilled) {
  make_topic("orders", 4);
  produce("orders", 2000, 40);
  const auto program = members({"--processes", "2", "--backoff", "0.01"}, {"work_us=500"});
  ASSERT_TRUE(eventually([&] { return distinct() > 200; })) << program->err();
  const auto lines = application_test::read_worker_log(file.path());
  ::kill(lines.back().pid, SIGKILL);
  EXPECT_TRUE(eventually([&] { return distinct() == 2000; }, 60s)) << distinct() << '\n' << program->err();
  program->signal(SIGTERM);
  EXPECT_EQ(program->wait(kDeadline), 0) << program->err();
  EXPECT_EQ(committed("g", "orders", 4), ends("orders", 4));
  EXPECT_EQ(count(program->out(), "crashed=1"), 1U) << program->out();
}

// The partitioner runs on the listener, and does not return: the application looks well to itself.
TEST_F(SwarmOfMembers, AListenerThatDoesNotTurnIsSeen) {
  make_topic("orders");
  produce("orders", 10, 10);
  const auto program =
      members({"--processes", "1", "--stuck-after", "3", "--stop-timeout", "1"}, {"stick=k5", "stop_ms=100"});
  ASSERT_TRUE(eventually([&] { return count(program->err(), "it is stuck") > 0; })) << program->err();
  EXPECT_TRUE(eventually([&] { return count(program->err(), "having been stuck; started again") > 0; }))
      << program->err();
  program->signal(SIGTERM);
  EXPECT_TRUE(program->wait(kDeadline));
}

TEST_F(SwarmOfMembers, AListenerThatTurnsIsLeftAloneWhateverItsConsumersDo) {
  make_topic("orders");
  produce("orders", 10, 10);
  const auto program =
      members({"--processes", "1", "--stuck-after", "3", "--stop-timeout", "1"}, {"hold=1", "stop_ms=100"});
  ASSERT_TRUE(eventually([&] { return count(program->err(), "assigned") > 0; })) << program->err();
  EXPECT_FALSE(program->wait(6s)) << "twice the time of a heartbeat's absence";
  EXPECT_EQ(count(program->err(), "stuck"), 0U) << program->err();
  program->signal(SIGTERM);
  EXPECT_TRUE(program->wait(kDeadline));
}

}  // namespace
}  // namespace braid::app_test
