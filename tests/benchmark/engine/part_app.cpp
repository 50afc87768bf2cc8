#include "part_app.hpp"

#include "benchmark/shared/pass.hpp"
#include "integration/kafka/kafka_cluster.hpp"

#include <braid/routing/draw.hpp>

#include <chrono>
#include <stdexcept>
#include <thread>
#include <utility>

namespace braid::benchmarks {
namespace {

using namespace std::chrono_literals;

Settings settings_for(const Values& request) {
  Settings settings;
  settings.kafka["bootstrap.servers"] = request.text("bootstrap");
  for (const auto& [key, value] : request.under("kafka.")) settings.kafka[key] = value;
  settings.concurrency = static_cast<std::uint32_t>(request.count("concurrency"));
  settings.log_level = LogLevel::warning;
  return settings;
}

routing::Reducer reducer_by_name(const std::string& name) {
  if (name != "hash" && name != "sticky") throw std::runtime_error("reducer=" + name + " is not hash or sticky");
  return {.kind = name == "sticky" ? routing::Reducer::Kind::sticky : routing::Reducer::Kind::hash, .callable = {}};
}

routing::Routes routes_for(const Values& request, const PartApp::DrawConsumer& draw_consumer) {
  auto routes = routing::draw([&](routing::RoutesBuilder& root) {
    root.consumer_group(integration::unique_name("engine"), [&](routing::ConsumerGroupBuilder& group) {
      auto topic = group.topic(request.text("topic"));
      draw_consumer(topic);
      topic.max_messages(static_cast<std::uint32_t>(request.count("max_messages")))
          .flow(flow_by_name(request.text("flow")))
          .virtual_partitions({.by = key(),
                               .max_partitions = static_cast<std::uint32_t>(request.count("virtual_partitions")),
                               .reducer = reducer_by_name(request.text("reducer"))});
    });
  });
  routing::Topic& topic = routes.consumer_groups.at(0).subscription_groups.at(0).topics.at(0);
  if (request.has("max_queued")) topic.max_queued = static_cast<std::uint32_t>(request.count("max_queued"));
  if (request.has("max_in_flight"))
    topic.max_in_flight = static_cast<std::uint32_t>(request.count("max_in_flight"));
  return routes;
}

}  // namespace

PartApp::PartApp(const Values& request, const DrawConsumer& draw_consumer)
    : application_(settings_for(request), routes_for(request, draw_consumer)) {
  application_.start();
}

void PartApp::wait_until_assigned(std::uint64_t partitions) const {
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (figures().assignments < partitions) {
    if (std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error("only " + std::to_string(figures().assignments) + " partitions were assigned");
    }
    std::this_thread::sleep_for(10ms);
  }
}

void PartApp::stop() {
  const StopReport stopped = application_.stop();
  if (stopped.failure) throw std::runtime_error("the application failed: " + *stopped.failure);
  if (!stopped.in_time) throw std::runtime_error("the stop left behind " + stopped.left_behind.front());
}

std::string stuck_text(const PartApp& app) {
  const Figures figures = app.figures();
  return std::to_string(figures.messages_done) + " messages done of " + std::to_string(figures.messages_taken) +
         " taken, then nothing more";
}

}  // namespace braid::benchmarks
