#include "mock/application/test_routes.hpp"

namespace braid::application_test {

using namespace std::chrono_literals;

Settings test_settings(const std::string& bootstrap, const std::map<std::string, std::string>& kafka) {
  Settings settings;
  settings.kafka = {kafka.begin(), kafka.end()};
  settings.kafka["bootstrap.servers"] = bootstrap;
  settings.concurrency = 4;
  settings.commit_interval = 100ms;
  settings.shutdown_timeout = 15s;
  settings.log_level = LogLevel::debug;
  return settings;
}

routing::Routes route(const std::string& group, const std::string& topic, std::shared_ptr<Recorder> recorder,
                      const Tune& tune) {
  return routing::draw([&](routing::RoutesBuilder& r) {
    routing::TopicBuilder builder = r.consumer_group(group).topic(topic);
    builder.consumer("recording", [recorder] { return std::make_unique<RecordingConsumer>(recorder); });
    builder.retries({.backoff = fixed(50ms)});
    if (tune) tune(builder);
  });
}

}  // namespace braid::application_test
