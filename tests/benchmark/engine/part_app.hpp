#pragma once

#include "values.hpp"

#include <braid/application.hpp>
#include <braid/routing/builders.hpp>

#include <functional>
#include <string>

namespace braid::benchmarks {

// An application with one topic, set up by a part's request: bootstrap, topic, kafka.*, concurrency, max_messages,
// flow (batch, continuous), reducer (hash, sticky), virtual_partitions; max_queued and max_in_flight, where given.
// Thread: its owner's.
class PartApp {
 public:
  // Says which consumer the topic has.
  using DrawConsumer = std::function<void(routing::TopicBuilder&)>;

  // Starts it. Throws what an application throws.
  PartApp(const Values& request, const DrawConsumer& draw_consumer);

  [[nodiscard]] Figures figures() const { return application_.figures(); }
  // Returns when so many partitions have been assigned; throws std::runtime_error when they are not after a minute.
  void wait_until_assigned(std::uint64_t partitions) const;
  // Throws std::runtime_error when it leaves something behind.
  void stop();

 private:
  Application application_;
};

// The reason why work did not end: how far the application had come, and its own failure if any.
[[nodiscard]] std::string stuck_text(const PartApp& app);

}  // namespace braid::benchmarks
