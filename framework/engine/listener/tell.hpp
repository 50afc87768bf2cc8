#pragma once

#include "engine/worker/assignment.hpp"
#include "engine/worker/running_batch.hpp"
#include "engine/worker/tell_jobs.hpp"

#include <braid/event.hpp>
#include <braid/offset.hpp>
#include <braid/result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace braid::engine {

// What is told of batches and attempts where their listener hears of them. Thread: the listener's. Where nobody
// listens each costs the load of a number.

// It has settled, and its messages are still there. `largest`: messages of its largest share.
void tell_settled(const Assignment& assignment, RunningBatch& batch, std::size_t given_up, std::size_t largest);
void tell_failed(const Assignment& assignment, const Share& share);
void tell_retry(const Assignment& assignment, const Share& share);
void tell_parked(const Assignment& assignment, const Share& share, Offset offset);
void tell_dropped(const Assignment& assignment, const Share& share);
void tell_letter_sent(const Assignment& assignment, Offset offset, std::string_view topic);
void tell_letter_failed(const Assignment& assignment, Offset offset, std::string_view topic, std::uint32_t tries,
                        const Error& error, Duration pause);
void tell_error(const Assignment& assignment, events::ErrorType type, std::uint64_t times, std::string_view text);

[[nodiscard]] std::vector<events::TopicPartition> partitions_of(std::span<const TopicPartition> partitions);
[[nodiscard]] std::chrono::milliseconds milliseconds_of(Duration duration);

}  // namespace braid::engine
