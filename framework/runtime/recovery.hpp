#pragma once

#include "engine/ports/clock.hpp"
#include "engine/ports/log.hpp"
#include "engine/ports/record_sink.hpp"
#include "engine/producer/letter_producer.hpp"
#include "engine/worker/recovery_tools.hpp"

#include <braid/routing/routes.hpp>
#include <braid/settings.hpp>

#include <memory>

namespace braid::runtime {

// Who sends the dead letters of all routes; null where none of them are sent anywhere. Made at the start, so that a
// setting which the client refuses is told then, by std::invalid_argument, and not with the first message that
// fails. `log` outlives it.
[[nodiscard]] std::shared_ptr<engine::LetterProducer> make_letter_producer(const Settings& settings,
                                                                           const routing::Routes& routes,
                                                                           engine::Log& log);

// `keeps` is what clock and log are parts of: a job may outlive the application. `records`: what consumers produce
// by.
[[nodiscard]] std::shared_ptr<const engine::RecoveryTools> make_recovery_tools(
    std::shared_ptr<const void> keeps, const engine::Clock& clock, engine::Log& log, const Settings& settings,
    std::shared_ptr<engine::RecordSink> records);

}  // namespace braid::runtime
