#pragma once

#include "adapters/librdkafka/rdkafka_settings.hpp"
#include "engine/ports/log.hpp"

#include <braid/result.hpp>

#include <optional>

namespace braid::adapters {

// What keeps a consumer with these settings from the group protocol that they ask for, with a librdkafka of
// `version` (as rd_kafka_version() gives it); in words that say what to do. None: nothing. Thread: any.
//
// `group.protocol: consumer` (KIP-848) is ready from 2.12 on; 2.10 and 2.11 have a preview of it, which is allowed
// and warned of; what earlier ones have is no more than a first try. Strategies of two protocol types can't be
// offered together by any librdkafka.
[[nodiscard]] std::optional<Error> check_group_protocol(const KafkaSettings& settings, int version,
                                                        engine::Log& log);

}  // namespace braid::adapters
