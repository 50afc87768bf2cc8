#pragma once

#include "engine/ports/clock.hpp"

#include <braid/event.hpp>

#include <chrono>

namespace braid {
class Message;
}

namespace braid::engine {

class Assignment;
class Share;

// What is told of jobs where they run. Thread: the worker's. Where nobody listens each costs the load of a number.

void tell_job_started(Assignment& assignment, Share& share, Time now);
// `done`: all of it is. Behind the decision about it, before anybody else may have the share.
void tell_job_ended(Assignment& assignment, const Share& share, bool failed, bool done);
void tell_skipped(const Assignment& assignment, const Share& share, const Message& message);

// --- for who tells of partitions and shares elsewhere

[[nodiscard]] events::Partition partition_of(const Assignment& assignment);
// What is left of it.
[[nodiscard]] events::Share share_of(const Share& share);

// How old a message of the share was when its present attempt began.
[[nodiscard]] std::chrono::milliseconds consumption_lag_of(const Assignment& assignment, Time began,
                                                           const Message& message);
// How long it had been ready then; 0 behind the first attempt.
[[nodiscard]] std::chrono::microseconds processing_lag_of(const Share& share);

}  // namespace braid::engine
