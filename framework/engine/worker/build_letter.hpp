#pragma once

#include "engine/worker/assignment.hpp"
#include "engine/worker/share_recovery.hpp"

#include <braid/message.hpp>
#include <braid/recovery.hpp>

#include <optional>

namespace braid::engine {

// The dead letter of a message, on its own memory: where it goes, what it was, and what the headers of
// <braid/recovery.hpp> say. None: user code could not say where it goes, which was logged. Thread: a worker's,
// whose message it is; asks user code.
[[nodiscard]] std::optional<DeadLetter> build_letter(const Assignment& assignment, const Message& message,
                                                     const ShareRecovery::Cause& cause);

}  // namespace braid::engine
