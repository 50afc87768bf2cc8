#pragma once

#include <string>
#include <string_view>

namespace braid::routing {

// Why a librdkafka setting may not be set by routes, and what to do instead; empty if it may be.
[[nodiscard]] std::string refusal(std::string_view kafka_setting);

// What is wrong with the name of a topic or of a consumer group (`option`: "name" or "id"); empty if it is legal.
[[nodiscard]] std::string illegal_name(std::string_view option, std::string_view name);

}  // namespace braid::routing
