#include "runtime/story_log.hpp"

#include <type_traits>

namespace braid::runtime {

StoryLog::StoryLog(Monitor& monitor, engine::FieldLog& log, const engine::Clock& clock, const routing::Routes& routes,
                   std::chrono::milliseconds each)
    : log_(log), clock_(clock), story_(each) {
  for (const auto& group : routes.consumer_groups) groups_.insert(group.id);
  listen<events::BatchSettled>(monitor);
  listen<events::AttemptFailed>(monitor);
  listen<events::MessageSkipped>(monitor);
  listen<events::MessageParked>(monitor);
  listen<events::MessagesDropped>(monitor);
  listen<events::DeadLetterSent>(monitor);
  listen<events::PartitionMeasured>(monitor);
  listen<events::PartitionsRevoked>(monitor);
}

StoryLog::~StoryLog() {
  subscriptions_.clear();
  for (const core::Chapter& chapter : story_.finish(clock_.now())) say(chapter);
}

template <class E>
void StoryLog::listen(Monitor& monitor) {
  subscriptions_.push_back(monitor.subscribe<E>([this](const E& event) {
    if (!groups_.contains(event.where.consumer_group)) return;
    if constexpr (std::is_same_v<E, events::PartitionsRevoked>) {
      story_.hear(event);
    } else if (const auto chapter = story_.hear(event, clock_.now())) {
      say(*chapter);
    }
  }));
}

void StoryLog::say(const core::Chapter& chapter) {
  if (!log_.enabled(engine::LogLevel::info)) return;
  const auto number = [](auto value) { return static_cast<std::int64_t>(value); };
  const auto milliseconds = [](auto time) { return std::chrono::duration<double, std::milli>(time).count(); };
  std::vector<engine::LogField> fields{{"consumer_group", chapter.consumer_group},
                                       {"topic", chapter.topic},
                                       {"partitions", number(chapter.partitions.size())},
                                       {"batches", number(chapter.batches)},
                                       {"messages", number(chapter.messages)},
                                       {"took_ms", milliseconds(chapter.took)},
                                       {"slowest_ms", milliseconds(chapter.slowest)},
                                       {"consumption_lag_ms", number(chapter.consumption_lag.count())},
                                       {"processing_lag_ms", milliseconds(chapter.processing_lag)},
                                       {"virtual_partitions", number(chapter.virtual_partitions)},
                                       {"attempts_failed", number(chapter.failures)},
                                       {"dead_letters", number(chapter.dead_letters)},
                                       {"messages_parked", number(chapter.parked)},
                                       {"messages_skipped", number(chapter.skipped)},
                                       {"messages_dropped", number(chapter.dropped)},
                                       {"over_ms", number(chapter.over.count())}};
  if (chapter.committed_lag) fields.push_back({"committed_lag", *chapter.committed_lag});
  log_.write_fields(engine::LogLevel::info, "batch", chapter.text(), fields);
}

}  // namespace braid::runtime
