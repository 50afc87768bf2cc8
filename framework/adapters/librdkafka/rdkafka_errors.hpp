#pragma once

#include <braid/result.hpp>

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <string>
#include <string_view>

// librdkafka's error codes as the framework's errors. Thread: any.

namespace braid::adapters {

// `context` says what was tried ("commit"); the text becomes "context: what librdkafka says".
[[nodiscard]] Error translate(rd_kafka_resp_err_t code, std::string_view context);
// The same with a more precise text than the code's own.
[[nodiscard]] Error translate(rd_kafka_resp_err_t code, std::string_view context, std::string_view detail);
// Takes the flags that only the error object has (fatal, retriable) into account.
[[nodiscard]] Error translate(const rd_kafka_error_t& error, std::string_view context);
// reach_broker() in vain. `reason`: the last thing the library said, may be empty.
[[nodiscard]] Error unreachable(std::string_view servers, std::chrono::milliseconds waited,
                                std::string_view reason);

}  // namespace braid::adapters
