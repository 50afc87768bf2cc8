#include "engine/listener/tell.hpp"

#include "core/lag/message_lag.hpp"
#include "engine/instrumentation/event_hub.hpp"
#include "engine/worker/describe_failure.hpp"

#include <algorithm>
#include <string>

namespace braid::engine {

namespace {

EventHub& hub_of(const Assignment& assignment) {
  return *assignment.counters().events;
}

events::Next next_of(const ShareRecovery& recovery) {
  if (!recovery.letters.empty()) return events::Next::dead_letter;
  if (!recovery.parked.empty()) return events::Next::park;
  switch (recovery.next) {
    case core::Next::go_on:
      return events::Next::go_on;
    case core::Next::retry:
      return events::Next::retry;
    case core::Next::singly:
      return events::Next::singly;
    case core::Next::dead_letter:
      return events::Next::dead_letter;
    case core::Next::skip:
      return events::Next::skip;
    case core::Next::park:
      return events::Next::park;
    case core::Next::drop:
      return events::Next::drop;
    case core::Next::stop:
      return events::Next::stop;
  }
  return events::Next::go_on;
}

std::chrono::microseconds microseconds_of(Duration duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration);
}

}  // namespace

std::chrono::milliseconds milliseconds_of(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration);
}

std::vector<events::TopicPartition> partitions_of(std::span<const TopicPartition> partitions) {
  std::vector<events::TopicPartition> told;
  for (const TopicPartition& name : partitions) told.push_back({name.topic, name.partition.value});
  return told;
}

void tell_settled(const Assignment& assignment, RunningBatch& batch, std::size_t given_up, std::size_t largest) {
  hub_of(assignment).emit<events::BatchSettled>([&] {
    events::BatchSettled told{.where = partition_of(assignment),
                              .first_offset = batch.first().value,
                              .last_offset = batch.last().value,
                              .messages = static_cast<std::uint32_t>(batch.size()),
                              .given_up = static_cast<std::uint32_t>(given_up),
                              .virtual_partitions = static_cast<std::uint32_t>(batch.shares().size()),
                              .largest_share = static_cast<std::uint32_t>(largest)};
    // Not of one that had begun before anybody listened.
    if (const auto began = batch.began_at()) {
      told.took = microseconds_of(assignment.recovery().now() - *began);
      told.consumption_lag = consumption_lag_of(assignment, *began, batch.gathered().front());
      told.processing_lag = core::processing_lag(batch.ready_at(), *began);
    }
    return told;
  });
}

void tell_failed(const Assignment& assignment, const Share& share) {
  hub_of(assignment).emit<events::AttemptFailed>([&] {
    const ShareRecovery& recovery = *share.recovery();
    events::AttemptFailed told{.where = partition_of(assignment),
                               .share = share_of(share),
                               .culprit = {},
                               .error = describe_failure(share.failure()),
                               .next = next_of(recovery),
                               .pause = milliseconds_of(recovery.pause)};
    if (recovery.culprit) told.culprit = share.messages()[*recovery.culprit].offset().value;
    return told;
  });
}

void tell_retry(const Assignment& assignment, const Share& share) {
  hub_of(assignment).emit<events::RetryScheduled>([&] {
    return events::RetryScheduled{partition_of(assignment), share_of(share),
                                  milliseconds_of(share.recovery()->pause)};
  });
}

void tell_parked(const Assignment& assignment, const Share& share, Offset offset) {
  hub_of(assignment).emit<events::MessageParked>([&] {
    return events::MessageParked{partition_of(assignment), share.virtual_partition().value, offset.value};
  });
}

void tell_dropped(const Assignment& assignment, const Share& share) {
  hub_of(assignment).emit<events::MessagesDropped>([&] {
    return events::MessagesDropped{partition_of(assignment), share_of(share), describe_failure(share.failure())};
  });
}

void tell_letter_sent(const Assignment& assignment, Offset offset, std::string_view topic) {
  hub_of(assignment).emit<events::DeadLetterSent>([&] {
    return events::DeadLetterSent{partition_of(assignment), offset.value, std::string(topic)};
  });
}

void tell_letter_failed(const Assignment& assignment, Offset offset, std::string_view topic, std::uint32_t tries,
                        const Error& error, Duration pause) {
  hub_of(assignment).emit<events::DeadLetterFailed>([&] {
    return events::DeadLetterFailed{.where = partition_of(assignment),
                                    .offset = offset.value,
                                    .dead_letter_topic = std::string(topic),
                                    .tries = tries,
                                    .kind = error.kind(),
                                    .error = error.text(),
                                    .pause = milliseconds_of(pause)};
  });
}

void tell_error(const Assignment& assignment, events::ErrorType type, std::uint64_t times, std::string_view text) {
  hub_of(assignment).emit<events::ErrorOccurred>([&] {
    return events::ErrorOccurred{.type = type,
                                 .consumer_group = assignment.group(),
                                 .topic = assignment.partition().topic,
                                 .partition = assignment.partition().partition.value,
                                 .times = times,
                                 .error = std::string(text)};
  });
}

}  // namespace braid::engine
