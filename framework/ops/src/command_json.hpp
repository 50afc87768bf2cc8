#pragma once

#include "http.hpp"

#include <braid/ops_source.hpp>
#include <braid/result.hpp>

#include <span>
#include <string_view>

// Commands as they come over the network. Thread: functions without state; any.

namespace braid::ops {

// Below /api/commands/: quiet, pause, ...
[[nodiscard]] std::span<const std::string_view> command_names();

// Requires one of these names. An error of kind invalid_setting says which field is wrong, and what it may be.
[[nodiscard]] Result<Command> parse_command(std::string_view name, std::string_view body);

// {"done":"..."}; or a refusal, with a status that fits the kind of error.
[[nodiscard]] Response command_answer(const Result<std::string>& outcome);

}  // namespace braid::ops
