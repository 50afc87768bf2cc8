// The client's part in the group, and its requests. What it fetches: fake_client_fetch.cpp.

#include "simulation/fake_client.hpp"

#include "simulation/fake_metadata.hpp"
#include "simulation/note_stored.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace braid::simulation {

namespace {

constexpr auto kContract = "the client is used as its contract says";

}  // namespace

FakeConsumerClient::FakeConsumerClient(World& world, FakeKafka& kafka, int process, int connection)
    : world_(world), kafka_(kafka), process_(process), connection_(connection) {
  store_side_->who = who();
  kafka_.clients.push_back(this);
}

FakeConsumerClient::~FakeConsumerClient() {
  for (const auto& [index, fetch] : fetches_) {
    if (fetch->queue != nullptr) world_.fail(kContract, "the client ends while a queue of it is open");
  }
  std::erase(kafka_.clients, this);
  if (member_) member_->wake = nullptr;  // if it has not left, the group finds out by itself
}

Result<void> FakeConsumerClient::reach_broker(std::chrono::milliseconds, const std::atomic<bool>&) {
  return {};
}

Result<void> FakeConsumerClient::subscribe(const std::vector<std::string>&, engine::ReadySignal& ready) {
  ready_ = &ready;
  join();
  return {};
}

void FakeConsumerClient::join() {
  member_ = kafka_.group.join(
      who(), [](void* self) { static_cast<FakeConsumerClient*>(self)->wake(); }, this);
}

void FakeConsumerClient::die() {
  dead_ = true;
  store_side_->dead = true;
  requests_.clear();
  if (member_) member_->wake = nullptr;
}

void FakeConsumerClient::wake() {
  const World::Undisturbed undisturbed(world_);
  if (!dead_ && ready_ != nullptr) ready_->on_ready();
}

// --- rebalances

void FakeConsumerClient::serve_group(engine::ConsumerEvents& events) {
  world_.preempt();
  if (dead_ || closed_ || !member_ || failing_ == Failing::told) return;
  if (failing_ != Failing::no) {
    const bool fenced = std::exchange(failing_, Failing::told) == Failing::fenced;
    world_.happened(fenced ? Happening::client_fenced : Happening::client_failed);
    world_.trace(fenced ? "is fenced" : "fails for good", who());
    if (fenced && !member_->gone) kafka_.group.declare_dead(*member_);
    events.handle_error(Error(fenced ? Error::Kind::stale_member : Error::Kind::other,
                              "the client is of no more use", false, true));
    return;
  }
  if (std::exchange(tell_error_, false)) {
    world_.happened(Happening::client_error);
    events.handle_error(Error(Error::Kind::broker_unreachable, "a broker went away", true));
  }
  if (closing_) {
    finish_close(events);
    return;
  }
  if (member_->gone) {
    std::vector<int> all;
    for (const auto& [index, fetch] : fetches_) {
      if (fetch->assigned) all.push_back(index);
    }
    if (!all.empty()) revoke(events, all, true);
    join();
    return;
  }
  if (!member_->to_revoke.empty()) {
    revoke(events, {member_->to_revoke.begin(), member_->to_revoke.end()}, false);
    wake();
    return;
  }
  if (auto partitions = kafka_.group.take_assignment(*member_)) {
    if (partitions->empty()) {
      world_.happened(Happening::empty_assignment);
      if (world_.random.chance(500)) return;  // not every client says so
    }
    hand_assignment(events, *partitions);
  }
}

void FakeConsumerClient::revoke(engine::ConsumerEvents& events, const std::vector<int>& partitions, bool lost) {
  std::vector<engine::TopicPartition> names;
  for (const int index : partitions) names.push_back(kafka_.partition(index).name);
  world_.trace(lost ? "loses {} partitions" : "is asked to give {} partitions back", who(), partitions.front(),
               static_cast<std::int64_t>(partitions.size()));
  const bool eager = kafka_.group.protocol() == FakeGroup::Protocol::eager;
  world_.happened(lost    ? Happening::lost
                  : eager ? Happening::revoked_eagerly
                          : Happening::revoked_cooperatively,
                  partitions.size());
  for (const int index : partitions) {
    if (fetches_.at(index)->incarnation->jobs_inside > 0) world_.happened(Happening::revoked_while_jobs_ran);
  }
  handler_ = Handler::revoked;
  handler_answered_ = false;
  handler_lost_ = lost;
  handler_begun_ = world_.clock.now();
  handled_ = partitions;
  events.handle_revoked(names, lost);
  if (!handler_answered_ && !dead_) world_.fail(kContract, "handle_revoked returned without an unassign()");
  handler_ = Handler::none;
  if (!dead_) kafka_.group.returned(*member_, partitions);
}

void FakeConsumerClient::hand_assignment(engine::ConsumerEvents& events, const std::vector<int>& partitions) {
  std::vector<engine::TopicPartition> names;
  for (const int index : partitions) names.push_back(kafka_.partition(index).name);
  world_.trace("is assigned {} partitions", who(), partitions.empty() ? -1 : partitions.front(),
               static_cast<std::int64_t>(partitions.size()));
  world_.happened(Happening::assigned, partitions.size());
  handler_ = Handler::assigned;
  handler_answered_ = false;
  handled_ = partitions;
  events.handle_assigned(names);
  if (!handler_answered_) world_.fail(kContract, "handle_assigned returned without an assign()");
  handler_ = Handler::none;
}

void FakeConsumerClient::finish_close(engine::ConsumerEvents& events) {
  std::vector<int> all;
  for (const auto& [index, fetch] : fetches_) {
    if (fetch->assigned) all.push_back(index);
  }
  if (!all.empty()) revoke(events, all, member_->gone);
  kafka_.group.leave(*member_);
  closed_ = true;
  wake();
}

void FakeConsumerClient::begin_close() {
  world_.preempt();
  closing_ = true;
  // There is no group to leave; it finds out by itself.
  if (failing_ == Failing::told) closed_ = true;
  wake();
}

// Once it may be that the gate to the group opened behind its last look, or a rebalance ended.
void FakeConsumerClient::listener_sleeps() {
  const auto is_commit = [](const Request& each) { return each.kind == Request::Kind::commit; };
  const bool could = may_commit() && !commit_failed_ && handler_ == Handler::none && !stop_expected_ &&
                     std::none_of(requests_.begin(), requests_.end(), is_commit) &&
                     std::none_of(answers_.begin(), answers_.end(), is_commit);
  const bool unsaid = could && std::any_of(fetches_.begin(), fetches_.end(), [](const auto& each) {
                        const FakeFetch& fetch = *each.second;
                        return fetch.assigned && fetch.incarnation->sought && !fetch.incarnation->ended &&
                               fetch.incarnation->last_sent < 0 && !fetch.partition->promises.external;
                      });
  waits_unsaid_ = unsaid ? waits_unsaid_ + 1 : 0;
  if (waits_unsaid_ > 3)
    world_.fail("a seek's target is committed at once", "its listener sleeps, and has not said it");
}

void FakeConsumerClient::listener_waits() {
  if (handler_ != Handler::revoked || stop_expected_) return;
  for (const int index : handled_) fetches_.at(index)->incarnation->ending = true;
}

Result<void> FakeConsumerClient::assign(std::span<const engine::TopicPartition> partitions) {
  world_.preempt();
  if (handler_ != Handler::assigned || handler_answered_ || partitions.size() != handled_.size()) {
    world_.fail(kContract, "assign() belongs into handle_assigned, once, with all that are assigned");
  }
  purge_retained(partitions);
  for (const engine::TopicPartition& name : partitions) {
    FakeFetch& fetch = fetch_of(name, "assign");
    FakePartition& partition = *fetch.partition;
    fetch.assigned = true;
    if (partition.last_process == process_ && partition.last_connection != connection_) {
      world_.happened(Happening::moved_between_connections);
    }
    partition.last_process = process_;
    partition.last_connection = connection_;
    if (partition.stored && !partition.promises.external) {
      begin_incarnation(fetch, *partition.stored);
      fall_back(fetch);
    } else {
      world_.happened(Happening::no_stored_position);
      begin_incarnation(fetch, 0);
      fetch.unplaced = partition.promises.external;
      fetch.waits = FakeFetch::Waits::stored_position;
      fetch.tell_waits = true;
    }
    signal(fetch);  // "at least once if something is there already"
  }
  handler_answered_ = true;
  return {};
}

Result<void> FakeConsumerClient::unassign(std::span<const engine::TopicPartition> partitions) {
  world_.preempt();
  if (handler_ != Handler::revoked || handler_answered_ || partitions.size() != handled_.size()) {
    world_.fail(kContract, "unassign() belongs into handle_revoked, once, with all that are revoked");
  }
  flush_commits();
  const bool in_good_order = !handler_lost_ && !dead_ && !member_->gone && !stop_expected_ &&
                             world_.clock.now() < handler_begun_ + kafka_.drain_on_revoke;
  for (const engine::TopicPartition& name : partitions) {
    FakeFetch& fetch = fetch_of(name, "unassign");
    if (in_good_order && !fetch.incarnation->ended) {
      kafka_.notice();
      kafka_.guarantees().tell([&](Guarantee& each) { each.given_back(*fetch.incarnation); });
    }
    if (fetch.queue != nullptr) world_.fail(kContract, "a queue is closed before its partition is unassigned");
    fetch.steered->close();
    end_incarnation(fetch);
    fetches_.erase(fetch.partition->index);
  }
  purge_retained({});
  handler_answered_ = true;
  return {};
}

// --- requests

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
    if (found->second->partition->promises.external) world_.fail(kContract, "its positions are not Kafka's");
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
      for (const engine::StoredPosition& stored : answer.positions) learn_done_before(stored);
      events.handle_positions(answer.token, std::move(answer.positions));
    }
  }
}

}  // namespace braid::simulation
