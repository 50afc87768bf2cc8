#pragma once

#include "mock/application/program_arguments.hpp"

#include <braid/braid.hpp>

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

namespace braid::application_test {

// A member of a group as a program of its own, for tests that kill or signal it. Arguments are NAME=VALUE:
//   bootstrap, group, topic, log    required
//   commit_ms, drain_ms, stop_ms    the application's intervals
//   work_us                         how long each message takes
//   hold=1                          messages never end
//   commit=before_processing        instead of the interval
//   stick=KEY                       the partitioner, and so the listener, never returns from a message of this key
//   kafka.NAME                      a setting of Kafka's client
// What it does goes to the log file, a line by one write() each, so that the lines of several processes stay whole
// and in order: "m PID GENERATION PARTITION VIRTUAL_PARTITION OFFSET NANOSECONDS KEY PAYLOAD" for each message when
// its work is done, "h PID NAME PARTITION" for hooks, "e PID JUMPS TAKEN IN_TIME" at the end.
class LineLog {
 public:
  explicit LineLog(const std::string& path)
      : file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
    if (file_ < 0) throw std::runtime_error(path + ": " + std::strerror(errno));
  }
  LineLog(const LineLog&) = delete;
  LineLog& operator=(const LineLog&) = delete;
  void line(std::string text) const {
    text += '\n';
    if (::write(file_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
      throw std::runtime_error("the log can't be written");
    }
  }

 private:
  int file_;
};

inline std::int64_t monotonic_nanoseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

class LoggingConsumer final : public Consumer {
 public:
  LoggingConsumer(const LineLog& log, std::chrono::microseconds work, bool hold)
      : log_(log), work_(work), hold_(hold) {}

 protected:
  void on_assigned(const VirtualPartition& where) override { hook("assigned", where); }
  void on_revoked(const VirtualPartition& where) override { hook(where.lost() ? "lost" : "revoked", where); }
  void on_stopping(const VirtualPartition& where) override { hook("stopping", where); }
  void consume(Batch& batch) override {
    if (hold_) {
      hook("holding", batch.virtual_partition());
      for (;;) ::pause();
    }
    const std::string pid = std::to_string(::getpid());
    for (const Message& message : batch) {
      if (work_.count() > 0) std::this_thread::sleep_for(work_);
      std::string line = "m " + pid;
      for (const auto number :
           {static_cast<std::int64_t>(batch.virtual_partition().generation().value),
            std::int64_t{batch.partition().value}, std::int64_t{batch.virtual_partition().index().value},
            message.offset().value, monotonic_nanoseconds()}) {
        line += ' ' + std::to_string(number);
      }
      line.append(" ").append(message.key()).append(" ").append(message.payload());
      log_.line(std::move(line));
    }
  }

 private:
  void hook(const char* name, const VirtualPartition& where) const {
    log_.line("h " + std::to_string(::getpid()) + " " + name + " " + std::to_string(where.partition().value));
  }

  const LineLog& log_;
  std::chrono::microseconds work_;
  bool hold_;
};

inline int worker_main(int count, char** values) {
  auto [given, kafka] = read_arguments(count, values);
  const auto number = [&](const char* name, int otherwise) {
    return given.contains(name) ? std::stoi(given[name]) : otherwise;
  };
  // Never closed, and never destroyed: a job that does not return by the stop's deadline has it until the process
  // ends.
  static const LineLog log(given.at("log"));
  Settings settings;
  settings.kafka = kafka;
  settings.kafka["bootstrap.servers"] = given.at("bootstrap");
  settings.concurrency = 4;
  settings.commit_interval = std::chrono::milliseconds(number("commit_ms", 200));
  settings.drain_on_revoke = std::chrono::milliseconds(number("drain_ms", 5000));
  settings.shutdown_timeout = std::chrono::milliseconds(number("stop_ms", 15'000));
  settings.log_level = LogLevel::debug;
  settings.handle_signals = true;
  const std::chrono::microseconds work(number("work_us", 0));
  const bool hold = number("hold", 0) != 0;
  auto routes = routing::draw([&](routing::RoutesBuilder& r) {
    routing::TopicBuilder topic = r.consumer_group(given.at("group")).topic(given.at("topic"));
    topic.consumer("logging", [&] { return std::make_unique<LoggingConsumer>(log, work, hold); });
    if (given.contains("stick")) {
      topic.virtual_partitions({.by = partition_by([key = given["stick"]](const Message& message) -> PartitionKey {
                                  while (message.key() == key) ::pause();
                                  return PartitionKey(message.key());
                                })});
    }
    if (given["commit"] == "before_processing") topic.commit(routing::Commit::When::before_processing);
  });
  Application app(settings, std::move(routes));
  const StopReport report = app.run();
  const Figures figures = app.figures();
  log.line("e " + std::to_string(::getpid()) + " " + std::to_string(figures.offset_jumps) + " " +
           std::to_string(figures.messages_taken) + " " + std::to_string(report.in_time ? 1 : 0));
  return report.in_time ? 0 : 3;
}

inline int guarded_worker_main(int count, char** values) {
  try {
    return worker_main(count, values);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

}  // namespace braid::application_test
