#pragma once

#include <braid/producer.hpp>
#include <braid/routing/routes.hpp>

#include <string>

namespace clickstream {

/// Settings for a producer of events: those given, on top of ones that let a missing topic or a lost cluster be
/// known in seconds rather than minutes. `bootstrap` names the brokers.
braid::ProducerSettings producer_settings(const std::string& bootstrap, const braid::routing::KafkaSettings& kafka);

}  // namespace clickstream
