#pragma once

#include "benchmark/shared/broker.hpp"
#include "report.hpp"
#include "values.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace braid::benchmarks {

// How much is measured. See options.cpp.
struct Extent {
  std::uint32_t rounds = 3;
  bool full_runs = false;  // each run of the throughput lasts 5 s at least
  bool small = false;      // fewer messages, for a look
};

// What a row works with. Thread: the main one.
struct Bench {
  Extent extent;
  Broker& broker;
  std::map<std::string, std::string> settings;  // of librdkafka, the same for both sides
  Report& report;

  // A new topic, which is deleted with the return value; `filling` may be empty.
  class TopicHere;
  [[nodiscard]] TopicHere make_topic(const std::string& purpose, const Filling& filling);
  // What a part needs to know about the broker and the topic.
  [[nodiscard]] Values request_for(const std::string& topic) const;
};

class Bench::TopicHere {
 public:
  TopicHere(Broker& broker, std::string name) : broker_(broker), name_(std::move(name)) {}
  TopicHere(const TopicHere&) = delete;
  TopicHere& operator=(const TopicHere&) = delete;
  ~TopicHere();
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  Broker& broker_;
  std::string name_;
};

struct Row {
  std::string_view name;
  std::string_view what;
  bool needs_kafka;  // the embedded cluster can't serve it
  // Adds its figures to the report; throws where it can't measure.
  void (*measure)(Bench&);
};
[[nodiscard]] std::span<const Row> rows();

void measure_throughput(Bench& bench);
void measure_sleep(Bench& bench);
void measure_coroutine(Bench& bench);
void measure_skew(Bench& bench);
void measure_latency(Bench& bench);
void measure_memory(Bench& bench);
void measure_idle(Bench& bench);

}  // namespace braid::benchmarks
