// A member of a group whose work is written down, for the fault tests. Arguments are NAME=VALUE:
//   bootstrap, group, topic, journal   required
//   flow                batch or continuous
//   work_us             how long each message takes
//   slow_one_in, slow_us   keys whose number is a multiple of this take so long instead
//   max_queued          of a virtual partition, with the flow continuous
//   max_processing_ms   how long a share may run
//   connections         to the group, 1 unless given
//   hang                a file: one message that begins while it is there renames it to FILE.taken, and is worked
//   on
//                       until that is gone
//   commit_ms, drain_ms, stop_ms, metadata_bytes, concurrency   the application's settings
//   log                 where its stderr goes
//   kafka.NAME          a setting of Kafka's client
#include "integration/faults/journal.hpp"
#include "mock/application/program_arguments.hpp"

#include <braid/braid.hpp>

#include <malloc.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>

namespace {

using braid::faults::JournalEntry;
using braid::faults::JournalWriter;

struct Work {
  std::chrono::microseconds usual{0};
  std::uint32_t slow_one_in = 0;
  std::chrono::microseconds slow{0};
  std::string hang;  // empty: nothing hangs

  [[nodiscard]] std::chrono::microseconds of(std::uint32_t key) const {
    return slow_one_in != 0 && key % slow_one_in == 0 ? slow : usual;
  }
  // Whoever renames the file is the one.
  void hang_if_told() const {
    if (hang.empty()) return;
    const std::string taken = hang + ".taken";
    if (std::rename(hang.c_str(), taken.c_str()) != 0) return;
    while (::access(taken.c_str(), F_OK) == 0) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
};

template <class Number>
Number number_of(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw std::invalid_argument(std::string(text) + ": no number");
  }
  return number;
}

class JournalingConsumer final : public braid::Consumer {
 public:
  JournalingConsumer(const JournalWriter& journal, const Work& work) : journal_(journal), work_(work) {}

 protected:
  void consume(braid::Batch& batch) override {
    JournalEntry entry = entry_of(batch.virtual_partition());
    for (const braid::Message& message : batch) {
      entry.kind = JournalEntry::Kind::begin;
      entry.key = number_of<std::uint32_t>(message.key());
      entry.offset = message.offset().value;
      entry.number = number_of<std::int64_t>(message.payload());
      entry.appended_ms = message.timestamp().time_since_epoch() / std::chrono::milliseconds(1);
      entry.nanoseconds = braid::faults::nanoseconds_now();
      journal_.append(entry);
      if (const auto time = work_.of(entry.key); time.count() > 0) std::this_thread::sleep_for(time);
      work_.hang_if_told();
      entry.kind = JournalEntry::Kind::end;
      entry.nanoseconds = braid::faults::nanoseconds_now();
      journal_.append(entry);
    }
  }

  void on_revoked(const braid::VirtualPartition& where) override { say_farewell(where); }
  void on_stopping(const braid::VirtualPartition& where) override { say_farewell(where); }

 private:
  static JournalEntry entry_of(const braid::VirtualPartition& where) {
    JournalEntry entry;
    entry.process = static_cast<std::int32_t>(::getpid());
    entry.generation = where.generation().value;
    entry.partition = where.partition().value;
    entry.virtual_partition = where.index().value;
    return entry;
  }
  void say_farewell(const braid::VirtualPartition& where) const {
    JournalEntry entry = entry_of(where);
    entry.kind = JournalEntry::Kind::farewell;
    entry.nanoseconds = braid::faults::nanoseconds_now();
    journal_.append(entry);
  }

  const JournalWriter& journal_;
  Work work_;
};

int run(int count, char** values) {
  // Of an arena a thread, each keeps for good what it needed at most, which differs with the nodes that led most at
  // a time; in one for all, what is still in use can be told from what was used once.
  mallopt(M_ARENA_MAX, 1);
  auto [given, kafka] = braid::application_test::read_arguments(count, values);
  const auto number = [&](const char* name, std::uint32_t otherwise) {
    return given.contains(name) ? number_of<std::uint32_t>(given[name]) : otherwise;
  };
  if (given.contains("log") && std::freopen(given["log"].c_str(), "a", stderr) == nullptr) {
    throw std::runtime_error(given["log"] + " can't be written");
  }
  // Never destroyed: a job that does not return by the stop's deadline has it until the process ends.
  static const JournalWriter& journal = *new JournalWriter(given.at("journal"));
  braid::Settings settings;
  settings.kafka = kafka;
  settings.kafka["bootstrap.servers"] = given.at("bootstrap");
  settings.concurrency = number("concurrency", 4);
  settings.commit_interval = std::chrono::milliseconds(number("commit_ms", 200));
  settings.drain_on_revoke = std::chrono::milliseconds(number("drain_ms", 5'000));
  settings.shutdown_timeout = std::chrono::milliseconds(number("stop_ms", 15'000));
  settings.commit_metadata_bytes = number("metadata_bytes", settings.commit_metadata_bytes);
  settings.connect_timeout = std::chrono::seconds(30);
  settings.log_level = braid::LogLevel::debug;
  settings.handle_signals = true;
  const Work work{.usual = std::chrono::microseconds(number("work_us", 0)),
                  .slow_one_in = number("slow_one_in", 0),
                  .slow = std::chrono::microseconds(number("slow_us", 0)),
                  .hang = given["hang"]};
  const std::chrono::milliseconds max_processing(number("max_processing_ms", 0));
  auto routes = braid::routing::draw([&](braid::routing::RoutesBuilder& r) {
    auto group = r.consumer_group(given.at("group")).subscription_group("journaled");
    auto topic = group.connections(number("connections", 1)).topic(given.at("topic"));
    topic.consumer("journaling", [work] { return std::make_unique<JournalingConsumer>(journal, work); });
    if (max_processing.count() > 0) topic.max_processing_time(max_processing);
    if (given["flow"] == "continuous") topic.flow(braid::Flow::continuous).max_queued(number("max_queued", 10'000));
  });
  braid::Application app(settings, std::move(routes));
  const braid::StopReport report = app.run();
  JournalEntry last;
  last.kind = JournalEntry::Kind::last;
  last.process = static_cast<std::int32_t>(::getpid());
  last.offset = static_cast<std::int64_t>(app.figures().offset_jumps);
  last.number = report.in_time ? 1 : 0;
  last.nanoseconds = braid::faults::nanoseconds_now();
  journal.append(last);
  return report.in_time ? 0 : 3;
}

}  // namespace

int main(int count, char** values) {
  try {
    return run(count, values);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
