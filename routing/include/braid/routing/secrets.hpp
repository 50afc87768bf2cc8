#pragma once

#include <braid/routing/routes.hpp>

#include <string>
#include <string_view>

// Which Kafka settings nobody may read: the one place that knows it. Whatever prints a setting, in a log, in an
// error or in describe(), asks here. Thread: any.

namespace braid::routing {

// Instead of a value that must not be shown.
inline constexpr std::string_view kHidden = "***";

// Whether the value of a librdkafka setting must not be shown: passwords, private keys, tokens and their like. Of
// `sasl.` and `ssl.` settings only those are shown that are known to be harmless, so that what a later version of
// the library adds, and what somebody mistypes, stays hidden; of others those are hidden whose name says so.
[[nodiscard]] bool is_secret(std::string_view kafka_setting);

// The value where it may be shown, else kHidden.
[[nodiscard]] std::string shown(std::string_view kafka_setting, std::string_view value);

// The text with every secret of these settings replaced by kHidden, for texts of other origin (librdkafka's), which
// may quote one. A secret of less than four characters is no secret, and is left: it would tear up any text.
[[nodiscard]] std::string without_secrets(std::string text, const KafkaSettings& settings);

}  // namespace braid::routing
