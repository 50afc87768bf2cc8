#include "options.hpp"

#include <CLI/CLI.hpp>

namespace braid::benchmarks {

std::optional<int> parse(int argc, char** argv, Options& options) {
  CLI::App app("Braid against a raw librdkafka loop, in interleaved passes over the same topic", "throughput");
  app.add_option("--rounds", options.rounds, "pairs of runs")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--passes", options.passes, "readings of the topic in a run; 0: as many as make 5 s");
  app.add_option("--messages", options.request.messages, "in the topic; default 3000000, or what the broker holds");
  app.add_option("--max-messages", options.max_messages, "of a batch, a row each")->capture_default_str();
  app.add_option("--concurrency", options.request.concurrency, "Braid's workers")->capture_default_str();
  app.add_option("--commit-ms", options.request.commit_ms, "Braid's commit interval")->capture_default_str();
  app.add_option("--kafka", options.kafka, "KEY=VALUE of librdkafka, for both sides");
  app.add_option("--bootstrap", options.request.bootstrap, "HOST:PORT of a Kafka to use in place of an own one");
  std::string flow = flow_name(options.request.flow);
  app.add_option("--flow", flow, "Braid's")->capture_default_str()->check(CLI::IsMember({"batch", "continuous"}));
  app.add_flag("--touch", options.request.touch, "both sides read a byte of each payload");
  app.add_flag("--threads", options.per_thread, "show CPU time by thread");
  // For the child processes; with an existing topic also good under a profiler.
  app.add_option("--pass", options.pass, "one pass in this process: raw or braid")
      ->check(CLI::IsMember({"raw", "braid"}))
      ->group("One pass");
  app.add_option("--topic", options.request.topic, "an existing topic, with --messages in partition 0")
      ->group("One pass");
  try {
    app.parse(argc, argv);
    for (const std::string& setting : options.kafka) {
      const auto equals = setting.find('=');
      if (equals == std::string::npos) throw CLI::ValidationError("--kafka", setting + " is not KEY=VALUE");
      options.request.settings[setting.substr(0, equals)] = setting.substr(equals + 1);
    }
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  options.request.flow = flow_by_name(flow);
  options.request.side = options.pass == "braid" ? Side::braid : Side::raw;
  options.request.max_messages = options.max_messages.front();
  return std::nullopt;
}

}  // namespace braid::benchmarks
