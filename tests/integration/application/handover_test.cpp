#include "integration/application/kafka_fixture.hpp"
#include "mock/application/worker_main.hpp"
#include "mock/application/worker_process.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <map>
#include <set>
#include <thread>

namespace braid::integration {
namespace {

using application_test::read_worker_log;
using application_test::TemporaryFile;
using application_test::WorkerLine;
using application_test::WorkerProcess;

constexpr int kMessages = 50'000;
constexpr int kPartitions = 5;
constexpr int kKeys = 500;

// Who had a partition: a process and one assignment of it.
using Owner = std::pair<pid_t, std::uint64_t>;

struct Verdict {
  std::size_t processed = 0;
  std::size_t lost = 0;
  std::size_t duplicates = 0;
  double stall_s = 0;  // the longest time in which a partition stood still though it had messages to come
  std::vector<std::string> faults;
};

// Reads the members' log as one history, which it is: each line was appended by one write.
class History {
 public:
  History(const std::vector<WorkerLine>& lines, const std::vector<std::int64_t>& ends) : ends_(ends) {
    for (const WorkerLine& line : lines) {
      if (line.kind == 'm') look_at(line);
    }
    std::size_t distinct = 0;
    for (std::int32_t number = 0; number < static_cast<std::int32_t>(ends_.size()); ++number) {
      distinct += partitions_[number].done.size();
      verdict_.lost +=
          static_cast<std::size_t>(ends_[static_cast<std::size_t>(number)]) - partitions_[number].done.size();
    }
    verdict_.duplicates = verdict_.processed - distinct;
  }

  [[nodiscard]] const Verdict& verdict() const { return verdict_; }

  // Where each new owner of a partition began: by partition, its lowest offset, and who had it before.
  struct Handover {
    std::int32_t partition = 0;
    Owner from;
    Owner to;
    std::int64_t lowest = 0;         // of the new owner
    std::int64_t undone_before = 0;  // the lowest offset that nobody had done yet
    std::int64_t nanoseconds = 0;    // of the new owner's first message
  };
  [[nodiscard]] const std::vector<Handover>& handovers() const { return handovers_; }

 private:
  struct Partition {
    std::set<std::int64_t> done;
    std::optional<Owner> owner;
    std::set<Owner> past;
    std::map<std::string, std::int64_t> last_of_key;  // offset, within the owner's time
    std::optional<std::size_t> handover;
    std::int64_t last_time = 0;
    std::int64_t undone = 0;  // the lowest offset that is not in `done`
  };

  void fault(const std::string& what, const WorkerLine& line) {
    if (verdict_.faults.size() < 10) {
      verdict_.faults.push_back(what + ": process " + std::to_string(line.pid) + ", generation " +
                                std::to_string(line.generation) + ", partition " + std::to_string(line.partition) +
                                ", offset " + std::to_string(line.offset) + ", key " + line.key);
    }
  }

  void look_at(const WorkerLine& line) {
    ++verdict_.processed;
    Partition& partition = partitions_[line.partition];
    const Owner owner{line.pid, line.generation};
    if (partition.owner != owner) {
      if (partition.past.contains(owner)) fault("an owner works on after the next one has begun", line);
      if (partition.owner) {
        partition.past.insert(*partition.owner);
        partition.handover = handovers_.size();
        handovers_.push_back(
            {line.partition, *partition.owner, owner, line.offset, partition.undone, line.nanoseconds});
      }
      partition.owner = owner;
      partition.last_of_key.clear();
    }
    if (partition.handover) {
      std::int64_t& lowest = handovers_[*partition.handover].lowest;
      lowest = std::min(lowest, line.offset);
    }
    // Within one owner's time a key only goes forward.
    const auto [last, first] = partition.last_of_key.try_emplace(line.key, -1);
    if (line.offset <= last->second) fault("a key went back within one assignment", line);
    last->second = line.offset;
    // Over all owners no message of a key is done before the one ahead of it.
    const long number = std::stol(line.payload);
    long& next = next_of_key_[line.key];
    if (number > next) fault("a message was done before the one ahead of it, " + std::to_string(next), line);
    if (number == next) ++next;

    if (partition.last_time != 0) {
      verdict_.stall_s =
          std::max(verdict_.stall_s, static_cast<double>(line.nanoseconds - partition.last_time) / 1e9);
    }
    partition.last_time = std::max(partition.last_time, line.nanoseconds);
    partition.done.insert(line.offset);
    while (partition.done.contains(partition.undone)) ++partition.undone;
  }

  const std::vector<std::int64_t>& ends_;
  std::map<std::int32_t, Partition> partitions_;
  std::map<std::string, long> next_of_key_;
  std::vector<Handover> handovers_;
  Verdict verdict_;
};

class Handover : public KafkaTest, public ::testing::WithParamInterface<const char*> {
 protected:
  TemporaryFile file;

  [[nodiscard]] std::unique_ptr<WorkerProcess> member() const {
    std::vector<std::string> arguments{"bootstrap=" + bootstrap(),
                                       "group=" + group,
                                       "topic=" + topic,
                                       "log=" + file.path(),
                                       "commit_ms=300",
                                       "work_us=50",
                                       std::string("kafka.partition.assignment.strategy=") + GetParam()};
    for (const auto& [name, value] : settings().kafka) {
      if (name != "bootstrap.servers") arguments.push_back("kafka." + name + "=" + value);
    }
    return std::make_unique<WorkerProcess>("integration_worker", arguments);
  }
};

// Two members; a third joins and one is killed, all under a steady stream.
TEST_P(Handover, LosesNothingAndKeepsTheOrderOfEachKey) {
  KafkaAdmin admin(bootstrap());
  admin.create_topic(topic, kPartitions);
  KeyedProducer producer(bootstrap(), topic, kKeys);
  producer.send(5'000);
  auto first = member();
  auto second = member();

  const auto began = std::chrono::steady_clock::now();
  // How much was produced follows the clock, up to what each act may use, so that every act happens under way.
  int budget = 20'000;
  const auto stream = [&] {
    const auto spent = std::chrono::steady_clock::now() - began;
    const int due = 5'000 + static_cast<int>(spent / 1ms) * 4;
    if (const int now = std::min({due, budget, kMessages}) - producer.sent(); now > 0) producer.send(now);
  };
  const auto acting = [&](pid_t pid) {
    const auto lines = read_worker_log(file.path());
    return std::any_of(lines.begin(), lines.end(),
                       [&](const WorkerLine& line) { return line.kind == 'm' && line.pid == pid; });
  };
  ASSERT_TRUE(eventually([&] {
    stream();
    return acting(first->pid()) && acting(second->pid());
  })) << "the first two do not share the topic";

  auto third = member();
  budget = 35'000;
  ASSERT_TRUE(eventually([&] {
    stream();
    return acting(third->pid());
  })) << "the third gets nothing";

  // A kill that costs something: partitions of the victim are under way.
  const std::size_t before = read_worker_log(file.path()).size();
  budget = 45'000;
  ASSERT_TRUE(eventually([&] {
    stream();
    const auto lines = read_worker_log(file.path());
    return std::any_of(lines.begin() + static_cast<std::ptrdiff_t>(before), lines.end(),
                       [&](const WorkerLine& line) { return line.kind == 'm' && line.pid == second->pid(); }) ||
           producer.sent() >= budget;
  }));
  const std::vector<std::int64_t> committed_before = admin.committed(group, topic);
  const std::int64_t killed_at = application_test::monotonic_nanoseconds();
  second->signal(SIGKILL);
  ASSERT_TRUE(second->wait(5s));
  const pid_t killed = second->pid();
  budget = kMessages;
  ASSERT_TRUE(eventually([&] {
    stream();
    return producer.sent() == kMessages;
  }));
  ASSERT_EQ(producer.finish(), 0);

  const std::vector<std::int64_t> ends = admin.end_offsets(topic);
  const bool all_committed = eventually([&] { return admin.committed(group, topic) == ends; }, 60s);
  EXPECT_TRUE(all_committed) << "positions do not reach the ends";
  for (auto* one : {&first, &third}) {
    (*one)->signal(SIGTERM);
    const auto status = (*one)->wait(kDeadline);
    ASSERT_TRUE(status) << "a member does not end";
    EXPECT_TRUE(WIFEXITED(*status) && WEXITSTATUS(*status) == 0) << *status;
  }
  EXPECT_EQ(admin.committed(group, topic), ends);

  const auto lines = read_worker_log(file.path());
  const History history(lines, ends);
  const Verdict& verdict = history.verdict();
  EXPECT_EQ(verdict.lost, 0U);
  for (const std::string& one : verdict.faults) ADD_FAILURE() << one;
  std::set<pid_t> workers;
  for (const auto& handover : history.handovers()) {
    const std::string where = "partition " + std::to_string(handover.partition) + ", from " +
                              std::to_string(handover.from.first) + " to " + std::to_string(handover.to.first);
    if (handover.from.first == killed && handover.nanoseconds > killed_at) {
      EXPECT_GE(handover.lowest, committed_before[static_cast<std::size_t>(handover.partition)]) << where;
    } else {
      // What was done behind a gap is repeated as long as commits do not tell of gaps; the gap itself is not
      // skipped.
      EXPECT_EQ(handover.lowest, handover.undone_before) << where << ": a plain handover goes on where the work is";
    }
  }
  for (const WorkerLine& line : lines) {
    if (line.kind == 'e') {
      workers.insert(line.pid);
      EXPECT_TRUE(line.payload.starts_with("0 ")) << "offset jumps: " << line.payload;
    }
  }
  EXPECT_EQ(workers.size(), 2U);
  std::printf(
      "RESULT name=integration.handover protocol=%s messages=%d lost=%zu duplicates=%zu handovers=%zu "
      "stall_s=%.2f\n",
      GetParam(), kMessages, verdict.lost, verdict.duplicates, history.handovers().size(), verdict.stall_s);
}

INSTANTIATE_TEST_SUITE_P(Protocols, Handover, ::testing::Values("cooperative-sticky", "range"),
                         [](const auto& tested) {
                           return std::string(tested.param) == "range" ? "eager" : "cooperative";
                         });

}  // namespace
}  // namespace braid::integration
