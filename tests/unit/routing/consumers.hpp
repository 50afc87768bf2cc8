#pragma once

#include <braid/consumer.hpp>
#include <braid/routing/consumer_registry.hpp>
#include <braid/routing/draw.hpp>
#include <braid/routing/load.hpp>
#include <braid/routing/problem.hpp>
#include <braid/routing/validate.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

// Consumers that routes name, and ways to say in a line what loading gave.

namespace routing_test {

class Totals : public braid::Consumer {
 public:
  void consume(braid::Batch&) override {}
};

class Audit : public braid::Consumer {
 public:
  explicit Audit(std::string store) : store_(std::move(store)) {}
  void consume(braid::Batch&) override {}

 private:
  std::string store_;
};

inline braid::routing::ConsumerRegistry registry() {
  braid::routing::ConsumerRegistry result;
  result.add<Totals>();
  result.add("Audit", [] { return std::make_unique<Audit>("audit.db"); });
  return result;
}

inline std::vector<std::string> lines(const std::vector<braid::routing::Problem>& problems) {
  std::vector<std::string> result;
  for (const auto& problem : problems) result.push_back(to_string(problem));
  return result;
}

inline std::vector<std::string> problems_of(std::string_view yaml) {
  return lines(braid::routing::load_text(yaml, registry(), "routing.yaml").problems);
}

// The problems of one otherwise valid topic, without its address.
inline std::vector<std::string> problems_of_topic(const std::function<void(braid::routing::TopicBuilder&)>& set) {
  std::vector<std::string> result =
      lines(braid::routing::validate(braid::routing::draw([&](braid::routing::RoutesBuilder& r) {
        auto topic = r.consumer_group("g").topic("t");
        topic.consumer<Totals>();
        set(topic);
      })));
  for (std::string& line : result) {
    EXPECT_TRUE(line.starts_with("g / g / t: ")) << line;
    line.erase(0, 11);
  }
  return result;
}

// A valid file around the options of one topic, which start on line 7 at column 13.
inline std::string topic_with(const std::string& options) {
  return "consumer_groups:\n"
         "  - id: analytics\n"
         "    subscription_groups:\n"
         "      - id: clicks\n"
         "        topics:\n"
         "          - {name: events, consumer: Totals,\n"
         "            " +
         options + "}\n";
}

}  // namespace routing_test
