#include "integration/faults/stage.hpp"

#include "integration/faults/stored_commits.hpp"
#include "mock/application/eventually.hpp"

#include <gtest/gtest.h>

#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace braid::faults {

namespace fs = std::filesystem;
using application_test::eventually;
using application_test::WorkerProcess;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kWarmMessages = 500;  // of each application
constexpr auto kPatience = 60s;
constexpr std::size_t kLogLinesShown = 60;
constexpr int kNotInTime = 3;  // fault_worker.cpp's status

std::string strategy(const std::string& protocol) {
  if (protocol == "eager") return "kafka.partition.assignment.strategy=range";
  if (protocol == "cooperative") return "kafka.partition.assignment.strategy=cooperative-sticky";
  return "kafka.group.protocol=" + protocol;
}

void show_end_of(const fs::path& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(std::move(line));
  const std::size_t first = lines.size() > kLogLinesShown ? lines.size() - kLogLinesShown : 0;
  std::cerr << "--- the end of " << path.filename().string() << '\n';
  for (std::size_t i = first; i < lines.size(); ++i) std::cerr << lines[i] << '\n';
}

}  // namespace

Stage::Stage(StageOptions options)
    : options_(std::move(options)),
      nodes_(ThreeNodes::get()),
      topic_(integration::unique_name("orders")),
      group_(integration::unique_name("readers")),
      folder_((fs::temp_directory_path() / "braid-faults-XXXXXX").string()) {
  if (::mkdtemp(folder_.data()) == nullptr) throw std::runtime_error("no temporary folder");
  journal_ = std::make_unique<JournalReader>(folder_ + "/journal");
  ended_.resize(static_cast<std::size_t>(options_.partitions));
  done_.resize(ended_.size());
  nodes_.make_whole();
  // Two copies at least have what is acknowledged. The broker's clock tells when a message was there to be run.
  nodes_.admin.create_topic(topic_, options_.partitions, ThreeNodes::kNodes,
                            {{"min.insync.replicas", "2"}, {"message.timestamp.type", "LogAppendTime"}});
}

Stage::~Stage() {
  for (const std::size_t number : running_) applications_[number]->signal(SIGCONT);
  applications_.clear();
  if (::testing::Test::HasFailure()) {
    if (producer_) producer_->show_log();
    for (int node = 1; node <= ThreeNodes::kNodes; ++node) {
      std::cerr << "--- the end of node " << node << "'s log\n" << nodes_.cluster.log_tail(node, 60) << '\n';
    }
  }
  producer_.reset();
  if (::testing::Test::HasFailure()) {
    for (std::size_t number = 0; fs::exists(file_of(number, "log")); ++number) show_end_of(file_of(number, "log"));
  }
  if (std::getenv("BRAID_KEEP_FAULTS") != nullptr) {
    tell("kept: " + folder_);
    return;
  }
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

std::string Stage::file_of(std::size_t number, const std::string& kind) const {
  return folder_ + "/" + std::to_string(number) + "." + kind;
}

std::string Stage::free_member_name() {
  for (int number = 0;; ++number) {
    const std::string name = "member-" + std::to_string(number);
    if (std::ranges::none_of(member_names_, [&](const auto& one) { return one.second == name; })) return name;
  }
}

std::vector<std::string> Stage::arguments(std::size_t number) {
  std::vector<std::string> all{
      "bootstrap=" + (options_.proxied ? nodes_.proxied_bootstrap() : nodes_.bootstrap()), "group=" + group_,
      "topic=" + topic_, "journal=" + folder_ + "/journal", "log=" + file_of(number, "log"),
      "flow=" + options_.flow, "commit_ms=300", "work_us=200", "slow_one_in=20", "slow_us=10000",
      // What an application holds has bounds that its warming up reaches.
      "max_queued=500", "kafka.queued.min.messages=500", "kafka.fetch.message.max.bytes=32768",
      "kafka.session.timeout.ms=" + std::to_string(options_.session.count()), "kafka.heartbeat.interval.ms=500",
      "kafka.fetch.wait.max.ms=50", "kafka.reconnect.backoff.max.ms=500",
      "kafka.topic.metadata.refresh.interval.ms=1000", strategy(options_.protocol)};
  if (options_.protocol == "consumer") {
    std::erase_if(all, [](const std::string& one) {
      return one.starts_with("kafka.session.") || one.starts_with("kafka.heartbeat.");
    });
  }
  if (options_.connections > 1) all.push_back("connections=" + std::to_string(options_.connections));
  if (options_.static_members) {
    member_names_[number] = free_member_name();
    all.push_back("kafka.group.instance.id=" + member_names_[number]);
  }
  if (options_.hangs) all.push_back("hang=" + file_of(number, "hang"));
  all.insert(all.end(), options_.arguments.begin(), options_.arguments.end());
  return all;
}

std::size_t Stage::start_application() {
  const std::size_t number = applications_.size();
  applications_.push_back(std::make_unique<WorkerProcess>("integration_fault_worker", arguments(number)));
  running_.insert(number);
  return number;
}

void Stage::end_application(std::size_t number) {
  application(number).signal(SIGTERM);
  const auto status = application(number).wait(30s);
  running_.erase(number);
  member_names_.erase(number);
  figures_.erase(number);
  if (!status) {
    ADD_FAILURE() << "application " << number << " does not end";
  } else if (!WIFEXITED(*status) ||
             (WEXITSTATUS(*status) != 0 && !(options_.late_stops && WEXITSTATUS(*status) == kNotInTime))) {
    ADD_FAILURE() << "application " << number << " ended by status " << *status;
  }
}

void Stage::kill_application(std::size_t number) {
  application(number).signal(SIGKILL);
  const auto status = application(number).wait(10s);
  if (!status || !WIFSIGNALED(*status) || WTERMSIG(*status) != SIGKILL) {
    ADD_FAILURE() << "application " << number << " had ended by itself, by status " << status.value_or(-1);
  }
  running_.erase(number);
  member_names_.erase(number);
  figures_.erase(number);
}

bool Stage::hang(std::size_t number) const {
  const std::string file = file_of(number, "hang");
  std::ofstream{file};
  return eventually([&] { return fs::exists(file + ".taken"); }, kPatience);
}

void Stage::let_go(std::size_t number) const {
  fs::remove(file_of(number, "hang") + ".taken");
}

bool Stage::says(std::size_t number, const std::string& words) const {
  return eventually(
      [&] {
        std::ifstream file(file_of(number, "log"));
        for (std::string line; std::getline(file, line);) {
          if (line.find(words) != std::string::npos) return true;
        }
        return false;
      },
      kPatience);
}

void Stage::open(std::uint64_t at_once) {
  producer_ = std::make_unique<NumberedProducer>(nodes_.bootstrap(), topic_, options_.partitions, options_.keys,
                                                 options_.messages_a_second);
  producer_->send_at_once(at_once);
}

void Stage::look() {
  const auto& entries = journal_->read();
  for (; looked_ < entries.size(); ++looked_) {
    const JournalEntry& entry = entries[looked_];
    if (entry.kind == JournalEntry::Kind::farewell) ++farewells_[entry.process];
    if (entry.kind != JournalEntry::Kind::end) continue;
    ++ended_by_[entry.process];
    auto& ended = ended_.at(static_cast<std::size_t>(entry.partition));
    const auto offset = static_cast<std::size_t>(entry.offset);
    if (offset >= ended.size()) ended.resize(offset + 1);
    if (!ended[offset]) ++distinct_;
    ended[offset] = true;
  }
}

std::size_t Stage::ended() {
  look();
  return distinct_;
}

std::size_t Stage::ended_by(std::size_t number) {
  look();
  return ended_by_[static_cast<std::int32_t>(applications_[number]->pid())];
}

std::size_t Stage::farewells(std::size_t number) {
  look();
  return farewells_[static_cast<std::int32_t>(applications_[number]->pid())];
}

bool Stage::works(std::size_t number, std::size_t messages) {
  const std::size_t wanted = ended_by(number) + messages;
  return eventually([&] { return ended_by(number) >= wanted; }, kPatience);
}

bool Stage::written(int messages) const {
  const std::uint64_t wanted = producer_->acknowledged() + static_cast<std::uint64_t>(messages);
  return eventually([&] { return producer_->acknowledged() >= wanted; }, kPatience);
}

bool Stage::caught_up() {
  const std::vector<std::int64_t> wanted = producer_->ends();
  return eventually(
      [&] {
        look();
        for (std::size_t partition = 0; partition < ended_.size(); ++partition) {
          std::size_t& done = done_[partition];
          while (done < ended_[partition].size() && ended_[partition][done]) ++done;
          if (static_cast<std::int64_t>(done) < wanted[partition]) return false;
        }
        return true;
      },
      kPatience);
}

bool Stage::begin(std::size_t applications) {
  // What failing costs for the first time belongs to the warming up: room for a backlog of all partitions, code
  // that is read in, connections to all nodes.
  open(static_cast<std::uint64_t>(options_.backlog));
  if (!written(options_.backlog)) return false;
  start_application();
  if (!caught_up()) return false;
  while (running_.size() < applications) start_application();
  for (const std::size_t number : running_) {
    if (!works(number, kWarmMessages)) return false;
  }
  tell("all applications work");
  for (int time = 0; time < 2; ++time) {
    if (!nodes_.in_step({topic_, "__consumer_offsets"})) return false;
    nodes_.move_leaders(topic_);
    if (!goes_on(options_.messages_a_second)) return false;
  }
  keep_figures();
  tell("warm");
  return true;
}

void Stage::keep_figures() {
  for (const std::size_t number : running_) figures_[number] = ProcessFigures::of(applications_[number]->pid());
  warm_ = figures_;
}

void Stage::tell_figures() const {
  for (const auto& [number, before] : figures_) {
    std::ostringstream text;
    text << "application " << number << ": " << ProcessFigures::of(applications_[number]->pid());
    tell(text.str());
  }
}

void Stage::tell(const std::string& what) const {
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - began_;
  std::printf("  %6.2f s: %s\n", spent.count(), what.c_str());
  std::fflush(stdout);
}

void Stage::compare_figures() {
  std::size_t resident_kb = 0;  // they are all the same program, and had not all as many partitions
  for (const auto& [number, before] : warm_) resident_kb = std::max(resident_kb, before.resident_kb);
  for (const auto& [number, before] : figures_) {
    ProcessFigures now;
    // A client has a connection to each node it deals with and one to its group's coordinator; those that are not
    // used end after a while, and come again. Nothing else changes by itself.
    const int sockets_most = std::max(before.sockets, options_.connections * (ThreeNodes::kNodes + 1));
    const bool as_before = eventually(
        [&] {
          now = ProcessFigures::of(applications_[number]->pid());
          return now.threads == before.threads && now.files == before.files && now.sockets <= sockets_most;
        },
        10s);
    std::ostringstream text;
    text << "application " << number << ": " << before << "; then " << now;
    tell(text.str());
    EXPECT_TRUE(as_before) << "application " << number << " had " << before << "; it has " << now;
    EXPECT_LE(static_cast<double>(now.resident_kb), 1.1 * static_cast<double>(resident_kb))
        << "application " << number;
  }
}

bool Stage::wait_for_positions() {
  const auto ends = nodes_.admin.end_offsets(topic_);
  return eventually([&] { return nodes_.admin.committed(group_, topic_) == ends; }, kPatience);
}

Verdict Stage::close(const Expectation& expectation) {
  Evidence evidence;
  evidence.acknowledged = producer_->finish();
  EXPECT_TRUE(wait_for_positions()) << "the positions do not reach the ends";
  tell("the positions are at the ends");
  compare_figures();
  for (const std::size_t number : std::set<std::size_t>(running_)) end_application(number);
  evidence.ends = nodes_.admin.end_offsets(topic_);
  evidence.positions = nodes_.admin.committed(group_, topic_);
  evidence.commits = read_stored_commits(nodes_.bootstrap(), group_, topic_);
  evidence.journal = journal_->read();
  EXPECT_FALSE(evidence.commits.empty()) << "no commit was stored";
  tell("all is read");
  const Verdict verdict = judge(evidence, expectation);
  tell("judged");
  for (const std::string& one : verdict.faults) ADD_FAILURE() << one;
  return verdict;
}

}  // namespace braid::faults
