#pragma once

#include <braid/routing/routes.hpp>
#include <braid/settings.hpp>

namespace braid::runtime {

// The application's Kafka settings without those of consumers, which a producer would only warn about. Thread: any.
[[nodiscard]] routing::KafkaSettings producer_settings(const Settings& settings);
// The same with those of a subscription group over them: a producer on the cluster that the group consumes.
[[nodiscard]] routing::KafkaSettings producer_settings(const Settings& settings,
                                                       const routing::SubscriptionGroup& group);

// The same for what consumers produce: with Settings::producer over them. Thread: any.
[[nodiscard]] routing::KafkaSettings record_settings(const Settings& settings);

}  // namespace braid::runtime
