#pragma once

#include "engine/ports/clock.hpp"
#include "engine/ports/log.hpp"
#include "engine/ports/record_sink.hpp"
#include "engine/producer/letter_producer.hpp"
#include "engine/worker/recovery_tools.hpp"

#include <braid/routing/routes.hpp>
#include <braid/settings.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace braid::runtime {

// A producer of dead letters, and the subscription groups that it serves: those whose clients have the same
// settings, as far as a producer heeds them, and so the same cluster. Dead letters stay on the cluster that their
// messages came from.
struct LetterRoute {
  std::map<std::string, std::string> kafka;
  std::vector<const routing::SubscriptionGroup*> groups;  // the routes'
  bool operator==(const LetterRoute&) const = default;
};
// Of all that send dead letters anywhere, in their order. Thread: any.
[[nodiscard]] std::vector<LetterRoute> letter_routes(const Settings& settings, const routing::Routes& routes);

// Who sends the dead letters of which subscription group. Thread: any; close() the owner's.
class LetterProducers {
 public:
  // Made at the start, so that a setting which the client refuses is told then, by std::invalid_argument, and not
  // with the first message that fails. `log` outlives it.
  LetterProducers(const Settings& settings, const routing::Routes& routes, engine::Log& log);

  // Null: it sends none.
  [[nodiscard]] std::shared_ptr<engine::DeadLetterSink> of(const routing::SubscriptionGroup& group) const;
  // What is under way gets so long, all together; letters are refused from now on.
  void close(std::chrono::milliseconds timeout);

 private:
  std::vector<std::shared_ptr<engine::LetterProducer>> all_;
  std::map<const routing::SubscriptionGroup*, std::shared_ptr<engine::LetterProducer>> by_group_;
};

// `keeps` is what clock and log are parts of: a job may outlive the application. `records`: what consumers produce
// by.
[[nodiscard]] std::shared_ptr<const engine::RecoveryTools> make_recovery_tools(
    std::shared_ptr<const void> keeps, const engine::Clock& clock, engine::Log& log, const Settings& settings,
    std::shared_ptr<engine::RecordSink> records);

}  // namespace braid::runtime
