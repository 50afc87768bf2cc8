#include "integration/application/kafka_fixture.hpp"
#include "mock/application/worker_process.hpp"
#include "mock/apps/program.hpp"
#include "tests/lib/paths.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <set>

// Processes of `braid swarm` as members of a group on real Kafka.

namespace braid::integration {
namespace {

using app_test::Program;
using application_test::read_worker_log;
using application_test::TemporaryFile;
using application_test::WorkerLine;

constexpr int kNodes = 3;
constexpr int kPartitions = 6;

class SwarmOnKafka : public KafkaTest {
 protected:
  TemporaryFile file;

  [[nodiscard]] std::unique_ptr<Program> swarm(const std::string& instance_id,
                                               const std::string& session_ms) const {
    std::vector<std::string> words{"swarm", "--processes", std::to_string(kNodes), "--backoff", "0.3"};
    if (!instance_id.empty()) words.insert(words.end(), {"--group-instance-id", instance_id});
    words.insert(words.end(),
                 {"--", test_paths::program("integration_worker"), "bootstrap=" + bootstrap(), "group=" + group,
                  "topic=" + topic, "log=" + file.path(), "commit_ms=300", "work_us=200"});
    for (const auto& [name, value] : settings().kafka) {
      if (name == "bootstrap.servers") continue;
      words.push_back("kafka." + name + "=" + (name == "session.timeout.ms" ? session_ms : value));
    }
    return std::make_unique<Program>(app_test::braid_program(), words);
  }

  // Who has done messages of which partition, of the log from a line on.
  [[nodiscard]] std::map<pid_t, std::set<std::int32_t>> at_work(std::size_t from = 0) const {
    std::map<pid_t, std::set<std::int32_t>> found;
    const auto lines = read_worker_log(file.path());
    for (std::size_t i = from; i < lines.size(); ++i) {
      if (lines[i].kind == 'm') found[lines[i].pid].insert(lines[i].partition);
    }
    return found;
  }
  [[nodiscard]] std::size_t distinct() const {
    std::set<std::pair<std::int32_t, std::int64_t>> seen;
    for (const WorkerLine& line : read_worker_log(file.path())) {
      if (line.kind == 'm') seen.insert({line.partition, line.offset});
    }
    return seen.size();
  }
  static std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++found;
    return found;
  }
  // All nodes work, each on its share, and the group has come to rest.
  [[nodiscard]] bool shared_evenly(KeyedProducer& producer) const {
    return eventually(
        [&] {
          const std::size_t from = read_worker_log(file.path()).size();
          producer.send(300);
          std::map<pid_t, std::set<std::int32_t>> now;
          const auto all_done = [&] {
            now = at_work(from);
            std::size_t partitions = 0;
            for (const auto& [pid, theirs] : now) partitions += theirs.size();
            return partitions >= kPartitions;
          };
          return eventually(all_done, 5s) && now.size() == kNodes &&
                 std::all_of(now.begin(), now.end(),
                             [](const auto& one) { return one.second.size() == kPartitions / kNodes; });
        },
        60s);
  }
};

// A member that is killed and is back within its session gets its partitions again, and the others never hear of
// it.
TEST_F(SwarmOnKafka, AStaticMemberThatComesBackInTimeCausesNoRebalance) {
  KafkaAdmin admin(bootstrap());
  admin.create_topic(topic, kPartitions);
  KeyedProducer producer(bootstrap(), topic, 200);
  const auto program = swarm(unique_name("member"), "30000");
  ASSERT_TRUE(shared_evenly(producer)) << program->err();

  const auto before = at_work();
  const pid_t victim = before.begin()->first;
  // Until here members came one after another; from here on nobody may get or lose a partition but who was killed.
  const std::string log_before = program->err();
  const std::size_t lines_before = read_worker_log(file.path()).size();
  producer.send(3'000);
  ::kill(victim, SIGKILL);
  EXPECT_EQ(producer.finish(), 0);
  EXPECT_TRUE(eventually([&] { return distinct() == static_cast<std::size_t>(producer.sent()); }, 60s))
      << distinct() << " of " << producer.sent() << '\n'
      << program->err();
  EXPECT_TRUE(eventually([&] { return admin.committed(group, topic) == admin.end_offsets(topic); }, 30s));

  const std::string log_after = program->err().substr(log_before.size());
  const std::size_t assigned = count(log_after, ": assigned ");
  const std::size_t revoked = count(log_after, ": revoked ") + count(log_after, ": lost ");
  EXPECT_EQ(assigned, 1U) << "only who came back is assigned anything\n" << log_after;
  EXPECT_EQ(revoked, 0U) << log_after;
  std::size_t others = 0;
  const auto lines = read_worker_log(file.path());
  for (std::size_t i = lines_before; i < lines.size(); ++i) {
    // Consumer objects are made as their first messages come, so `assigned` says nothing here.
    if (lines[i].kind == 'h' && lines[i].key != "assigned" && before.contains(lines[i].pid) &&
        lines[i].pid != victim)
      ++others;
  }
  EXPECT_EQ(others, 0U) << "farewells of consumers that were to be left alone";
  program->signal(SIGTERM);
  EXPECT_EQ(program->wait(60s), 0) << program->err();
  std::printf(
      "RESULT name=integration.swarm.static messages=%d lost=%zu assigned=%zu revoked=%zu others_farewells=%zu\n",
      producer.sent(), static_cast<std::size_t>(producer.sent()) - distinct(), assigned, revoked, others);
}

// The other side of it: without an id whoever comes back is a stranger, and all are assigned anew.
TEST_F(SwarmOnKafka, WithoutAnIdTheGroupRebalances) {
  KafkaAdmin admin(bootstrap());
  admin.create_topic(topic, kPartitions);
  KeyedProducer producer(bootstrap(), topic, 200);
  const auto program = swarm("", "6000");
  ASSERT_TRUE(shared_evenly(producer)) << program->err();
  const auto before = at_work();
  const std::string log_before = program->err();
  producer.send(3'000);
  ::kill(before.begin()->first, SIGKILL);
  EXPECT_EQ(producer.finish(), 0);
  EXPECT_TRUE(eventually([&] { return distinct() == static_cast<std::size_t>(producer.sent()); }, 60s));
  EXPECT_TRUE(eventually([&] { return count(program->err().substr(log_before.size()), ": assigned ") > 1; }, 30s))
      << program->err();
  program->signal(SIGTERM);
  EXPECT_EQ(program->wait(60s), 0) << program->err();
}

}  // namespace
}  // namespace braid::integration
