// The client's requests to the group: stored positions, and commits.

#include "simulation/fake_client.hpp"
#include "simulation/fake_metadata.hpp"
#include "simulation/fake_transactions.hpp"
#include "simulation/note_stored.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace braid::simulation {

namespace {

constexpr auto kContract = "the client is used as its contract says";

}  // namespace

bool FakeConsumerClient::may_commit() const {
  return !dead_ && member_ && !member_->joining;
}

void FakeConsumerClient::commit(std::span<const engine::StoredPosition> positions, std::uint64_t token) {
  world_.preempt();
  Request request{Request::Kind::commit, member_->id, token, {positions.begin(), positions.end()}};
  for (const engine::StoredPosition& position : positions) {
    const auto found = fetches_.find(kafka_.find(position.partition)->index);
    if (found == fetches_.end() || !found->second->assigned) {
      world_.fail(kContract, fmt::format("a position of {}/{} is committed, which is not assigned",
                                         position.partition.topic, position.partition.partition.value));
    }
    if (handler_ == Handler::revoked && handler_lost_ &&
        std::find(handled_.begin(), handled_.end(), found->first) != handled_.end()) {
      world_.fail(kContract, "nothing of a partition is committed that is lost");
    }
    if (found->second->partition->promises.elsewhere()) world_.fail(kContract, "its positions are not Kafka's");
    world_.trace("sends the position {}", who(), found->first, position.position->value);
    Incarnation& incarnation = *found->second->incarnation;
    request.incarnations.emplace(found->first, found->second->incarnation);
    incarnation.last_sent = position.position->value;
    incarnation.last_told = told_done(position.metadata, position.position->value);
    if (!incarnation.last_told.empty()) world_.happened(Happening::gaps_told);
    if (!dead_) {
      kafka_.notice();
      kafka_.guarantees().tell([&](Guarantee& each) { each.commit_sent(incarnation, position.position->value); });
    }
  }
  if (dead_) return;
  requests_.push_back(std::move(request));
}

void FakeConsumerClient::read_positions(std::span<const engine::TopicPartition> partitions, std::uint64_t token) {
  world_.preempt();
  if (dead_) return;
  Request request{Request::Kind::read, member_->id, token, {}};
  for (const engine::TopicPartition& partition : partitions) request.positions.push_back({partition, {}, {}});
  requests_.push_back(std::move(request));
}

void FakeConsumerClient::handle(Request& request) {
  request.handled = true;
  if (request.kind == Request::Kind::commit) {
    handle_commit(request);
  } else {
    handle_read(request);
  }
}

void FakeConsumerClient::handle_commit(Request& request) {
  if (request.member != member_->id || member_->gone) {
    world_.happened(Happening::commit_refused_stale);
    request.error = Error(Error::Kind::stale_member, "unknown member");
    return;
  }
  if (member_->joining) {
    world_.happened(Happening::commit_refused_joining);
    request.error = Error(Error::Kind::stale_member, "rebalance in progress", true);
    return;
  }
  if (!world_.calm && world_.random.chance(kafka_.nastiness.commit_fails)) {
    world_.happened(Happening::commit_failed);
    request.error = Error(Error::Kind::timed_out, "the coordinator does not answer", true);
    return;
  }
  for (const engine::StoredPosition& position : request.positions) {
    FakePartition& partition = *kafka_.find(position.partition);
    world_.trace("the group stores the position {}", who(), partition.index, position.position->value);
    Incarnation& incarnation = *request.incarnations.at(partition.index);
    note_move(world_, partition, incarnation);
    kafka_.guarantees().tell([&](Guarantee& each) { each.commit_applied(partition, position.position->value); });
    if (partition.stored != position.position->value) partition.older_metadata = partition.metadata;
    note_stored(world_, partition, incarnation, position.position->value, position.metadata);
    partition.stored = position.position->value;
    partition.metadata = position.metadata;
    world_.happened(Happening::commit_applied);
  }
  if (!world_.calm && world_.random.chance(kafka_.nastiness.commit_answer_lost)) {
    world_.happened(Happening::commit_answer_lost);
    request.error = Error(Error::Kind::timed_out, "the answer was lost", true);
  }
}

std::shared_ptr<const engine::GroupMembership> FakeConsumerClient::membership() const {
  return std::make_shared<const FakeMembership>(member_, StoreCaller{store_side_, incarnations()});
}

std::map<int, std::shared_ptr<Incarnation>> FakeConsumerClient::incarnations() const {
  std::map<int, std::shared_ptr<Incarnation>> incarnations;
  for (const auto& [index, fetch] : fetches_) {
    if (fetch->assigned) incarnations.emplace(index, fetch->incarnation);
  }
  return incarnations;
}

void FakeConsumerClient::handle_read(Request& request) {
  if (!world_.calm && world_.random.chance(kafka_.nastiness.read_fails)) {
    world_.happened(Happening::position_read_failed);
    request.error = Error(Error::Kind::timed_out, "the coordinator does not answer", true);
    return;
  }
  if (!world_.calm && world_.random.chance(kafka_.nastiness.read_incomplete)) {
    world_.happened(Happening::position_read_incomplete);
    request.positions.pop_back();
  }
  for (engine::StoredPosition& position : request.positions) {
    const FakePartition& partition = *kafka_.find(position.partition);
    if (partition.stored) position.position = CommitPosition{*partition.stored};
    position.metadata = partition.metadata;
    world_.happened(Happening::position_read);
    if (partition.promises.exactly_once) {
      store_side_->loaded[partition.index] = position;
      continue;
    }
    if (!partition.stored || world_.calm || !world_.random.chance(kafka_.nastiness.metadata_damaged)) continue;
    position.metadata = damaged(world_.random, position.metadata, partition.older_metadata);
    world_.happened(Happening::metadata_damaged);
  }
}

// The reader is not to run again what it believes to be done.
void FakeConsumerClient::learn_done_before(const engine::StoredPosition& stored) {
  const auto found = fetches_.find(kafka_.find(stored.partition)->index);
  if (found == fetches_.end() || !stored.position || found->second->incarnation == nullptr) return;
  Incarnation& incarnation = *found->second->incarnation;
  if (found->second->taken_from || incarnation.start != stored.position->value) return;
  incarnation.done_before = told_done(stored.metadata, stored.position->value);
  incarnation.last_told = incarnation.done_before;
  kafka_.guarantees().tell([&](Guarantee& each) { each.done_before_read(incarnation); });
}

// One connection keeps its order: what was sent before the rejoin is handled before it.
void FakeConsumerClient::flush_commits() {
  if (dead_) return;
  for (Request& request : requests_) {
    if (!request.handled && request.kind == Request::Kind::commit) handle(request);
  }
}

void FakeConsumerClient::serve_replies(engine::ConsumerEvents& events) {
  world_.preempt();
  while (!answers_.empty() && !dead_) {
    Request answer = std::move(answers_.front());
    answers_.pop_front();
    if (answer.kind == Request::Kind::commit) {
      commit_failed_ = answer.error.has_value();
      for (const auto& [index, incarnation] : answer.incarnations) incarnation->start_known |= !answer.error;
      events.handle_committed(answer.token, answer.error ? Result<void>(*answer.error) : Result<void>());
    } else if (answer.error) {
      events.handle_positions(answer.token, *answer.error);
    } else {
      for (const engine::StoredPosition& stored : answer.positions) {
        if (!kafka_.find(stored.partition)->promises.elsewhere()) learn_done_before(stored);
      }
      events.handle_positions(answer.token, std::move(answer.positions));
    }
  }
}

}  // namespace braid::simulation
