// What a listener knows of its topics, and where it keeps their positions.

#include "core/assert.hpp"
#include "engine/listener/listener.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

namespace braid::engine {

namespace {

using namespace std::chrono_literals;

constexpr auto kCommitRetry = 500ms;

}  // namespace

TopicLane& Listener::add_lane(const std::string& name, const routing::Topic& topic) {
  TopicLane& lane = lanes_[name];
  lane.topic = &topic;
  lane.store = &store_of(topic);
  lane.committer = committers_.of(*lane.store);
  if (lane.committer == nullptr) {
    lane.committer = &committers_.add(std::make_unique<Committer>(
        *lane.store, partitions_, Committer::Settings{kCommitRetry, settings_.commit_metadata_bytes}, *counters_,
        *log_));
  }
  lane.commit_interval = topic.commit.interval ? Duration(*topic.commit.interval) : settings_.commit_interval;
  if (topic.delivery == routing::Delivery::exactly_once) {
    lane.transactions = {topic.transaction_batches.value_or(1),
                         topic.transaction_interval.value_or(routing::kTransactionIntervalDefault)};
  }
  lane.max_processing_time = topic.max_processing_time.value_or(
      std::chrono::duration_cast<std::chrono::milliseconds>(settings_.max_processing_time));
  lane.stalled_after =
      topic.stalled_after.value_or(std::chrono::duration_cast<std::chrono::milliseconds>(settings_.stalled_after));
  lane.max_partitions = topic.virtual_partitions.max_partitions.value_or(settings_.default_max_partitions);
  lane.caps = caps_of(topic);
  lane.balance = balances_->of(group_->id, name);
  return lane;
}

TopicLane* Listener::lane_of(const std::string& name) {
  if (const auto known = lanes_.find(name); known != lanes_.end()) return &known->second;
  for (const Pattern& pattern : patterns_) {
    if (pattern.names.matches(name)) return &add_lane(name, *pattern.topic);
  }
  return nullptr;
}

JobCaps Listener::caps_of(const routing::Topic& topic) const {
  const auto cap = [&](const std::string& name, std::optional<std::uint32_t> limit) {
    return limit ? limits_->cap(group_->id, subscription_group_->id, name, *limit) : nullptr;
  };
  // A job of an asynchronous consumer is out until it has completed, on no thread: its own cap counts those.
  std::optional<std::uint32_t> of_topic = topic.max_concurrency;
  if (topic.asynchronous) of_topic = std::min(of_topic.value_or(topic.max_in_flight), topic.max_in_flight);
  return {cap(topic.name, of_topic), cap({}, subscription_group_->max_concurrency)};
}

// Topics of one offset store share what speaks to it.
PositionStore& Listener::store_of(const routing::Topic& topic) {
  if (topic.delivery == routing::Delivery::exactly_once) {
    BRAID_ASSERT(transactions_, "routes with transactions have who makes their producers");
    return *transactions_;
  }
  if (topic.commit.when != routing::Commit::When::external) return *client_;
  const auto calls = stores_.find(topic.offset_store.get());
  BRAID_ASSERT(calls != stores_.end(), "every offset store of the routes has who calls it");
  for (const auto& known : external_stores_) {
    if (known->calls() == calls->second.get()) return *known;
  }
  external_stores_.push_back(std::make_unique<ExternalPositions>(calls->second, group_->id, mailbox_));
  return *external_stores_.back();
}

}  // namespace braid::engine
