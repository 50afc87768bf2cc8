#include "core/log/story.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace braid::core {

namespace {

bool is_empty(const Chapter& chapter) {
  return chapter.batches == 0 && chapter.failures == 0 && chapter.skipped == 0 && chapter.parked == 0 &&
         chapter.dropped == 0 && chapter.dead_letters == 0;
}

std::string words_of(std::chrono::microseconds time) {
  const double milliseconds = std::chrono::duration<double, std::milli>(time).count();
  if (milliseconds < 10) return fmt::format("{:.1f} ms", milliseconds);
  if (milliseconds < 10'000) return fmt::format("{:.0f} ms", milliseconds);
  return fmt::format("{:.1f} s", milliseconds / 1000);
}

// 1234567 as 1,234,567.
std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, 1, ',');
  return digits;
}

}  // namespace

std::string Chapter::text() const {
  std::string said;
  const std::string from = partitions.size() == 1 ? fmt::format("{}/{}", topic, *partitions.begin())
                                                  : fmt::format("{} partitions of {}", partitions.size(), topic);
  if (batches == 1) {
    said = fmt::format("batch of {} from {} took {}", grouped(messages), from, words_of(slowest));
  } else if (batches > 1) {
    said = fmt::format("{} batches of {} from {} took {} each, {} at most", grouped(batches), grouped(messages),
                       from, words_of(took / static_cast<std::int64_t>(batches)), words_of(slowest));
  } else {
    said = "nothing done from " + topic;
  }
  if (batches > 0) {
    said += fmt::format(", lag {}", words_of(consumption_lag));
    if (committed_lag) said += fmt::format(" ({} behind)", grouped(static_cast<std::uint64_t>(*committed_lag)));
    said += fmt::format(", {} virtual partition{}", virtual_partitions, virtual_partitions == 1 ? "" : "s");
  } else if (committed_lag) {
    said += fmt::format(" ({} behind)", grouped(static_cast<std::uint64_t>(*committed_lag)));
  }
  const auto add = [&](std::uint64_t count, const char* one, const char* many) {
    if (count > 0) said += fmt::format("; {} {}", grouped(count), count == 1 ? one : many);
  };
  add(failures, "attempt failed", "attempts failed");
  add(dead_letters, "dead letter", "dead letters");
  add(parked, "message parked", "messages parked");
  add(skipped, "message skipped", "messages skipped");
  add(dropped, "message dropped", "messages dropped");
  if (over.count() > 0) said += fmt::format("; in {:.1f} s", std::chrono::duration<double>(over).count());
  return said;
}

Story::Topic& Story::topic_of(const events::Partition& where) {
  Topic& topic = topics_[{where.consumer_group, where.topic}];
  topic.next.consumer_group = where.consumer_group;
  topic.next.topic = where.topic;
  return topic;
}

std::optional<Chapter> Story::hear(const events::BatchSettled& batch, Time now) {
  Topic& topic = topic_of(batch.where);
  Chapter& next = topic.next;
  next.partitions.insert(batch.where.partition);
  ++next.batches;
  next.messages += batch.messages;
  next.took += batch.took;
  next.slowest = std::max(next.slowest, batch.took);
  next.consumption_lag = std::max(next.consumption_lag, batch.consumption_lag);
  next.processing_lag = std::max(next.processing_lag, batch.processing_lag);
  next.virtual_partitions = std::max(next.virtual_partitions, batch.virtual_partitions);
  return look(topic, now);
}

std::optional<Chapter> Story::hear(const events::AttemptFailed& failed, Time now) {
  Topic& topic = topic_of(failed.where);
  ++topic.next.failures;
  return look(topic, now);
}

std::optional<Chapter> Story::hear(const events::MessageSkipped& skipped, Time now) {
  Topic& topic = topic_of(skipped.where);
  ++topic.next.skipped;
  return look(topic, now);
}

std::optional<Chapter> Story::hear(const events::MessageParked& parked, Time now) {
  Topic& topic = topic_of(parked.where);
  ++topic.next.parked;
  return look(topic, now);
}

std::optional<Chapter> Story::hear(const events::MessagesDropped& dropped, Time now) {
  Topic& topic = topic_of(dropped.where);
  topic.next.dropped += dropped.share.messages;
  return look(topic, now);
}

std::optional<Chapter> Story::hear(const events::DeadLetterSent& sent, Time now) {
  Topic& topic = topic_of(sent.where);
  ++topic.next.dead_letters;
  return look(topic, now);
}

std::optional<Chapter> Story::hear(const events::PartitionMeasured& measured, Time now) {
  Topic& topic = topic_of(measured.where);
  if (measured.committed_lag) {
    topic.lags[measured.where.partition] = *measured.committed_lag;
  } else {
    topic.lags.erase(measured.where.partition);
  }
  return look(topic, now);
}

void Story::hear(const events::PartitionsRevoked& revoked) {
  for (const events::TopicPartition& partition : revoked.partitions) {
    const auto topic = topics_.find(std::pair(revoked.where.consumer_group, partition.topic));
    if (topic != topics_.end()) topic->second.lags.erase(partition.partition);
  }
}

std::vector<Chapter> Story::finish(Time now) {
  std::vector<Chapter> rest;
  for (auto& [name, topic] : topics_) {
    if (!is_empty(topic.next)) rest.push_back(tell(topic, now));
  }
  return rest;
}

std::optional<Chapter> Story::look(Topic& topic, Time now) {
  if (is_empty(topic.next)) return std::nullopt;
  if (!topic.began) topic.began = now;
  if (topic.told_at && now - *topic.told_at < each_) return std::nullopt;
  return tell(topic, now);
}

Chapter Story::tell(Topic& topic, Time now) {
  Chapter told = std::exchange(topic.next, Chapter{});
  topic.next.consumer_group = told.consumer_group;
  topic.next.topic = told.topic;
  // Behind a pause it has begun with its first batch.
  const Time began = topic.began.value_or(now);
  const bool goes_on = topic.told_at && began - *topic.told_at < each_;
  told.over = std::chrono::duration_cast<std::chrono::milliseconds>(now - (goes_on ? *topic.told_at : began));
  topic.told_at = now;
  topic.began.reset();
  if (!topic.lags.empty()) told.committed_lag = 0;
  for (const auto& [partition, lag] : topic.lags) *told.committed_lag += lag;
  return told;
}

}  // namespace braid::core
