// The client's part in the group. Its requests: fake_client_requests.cpp; what it fetches: fake_client_fetch.cpp.

#include "simulation/fake_client.hpp"

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
  if (unsubscribing_ && !left_) kafka_.group.leave(*member_);
  if (std::exchange(unsubscribing_, false)) world_.happened(Happening::came_back_behind_an_overrun);
  left_ = false;
  join();
  return {};
}

// Members go at once, or with the revocation of what they have.
Result<void> FakeConsumerClient::unsubscribe() {
  world_.preempt();
  if (handler_ != Handler::none || unsubscribing_) world_.fail(kContract, "it leaves a group that it is in, once");
  world_.happened(Happening::left_for_an_overrun);
  unsubscribing_ = true;
  wake();
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
  if (unsubscribing_) {
    if (left_) return;
    give_everything_back(events);
    if (!dead_) kafka_.group.leave(*member_);
    left_ = true;
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

void FakeConsumerClient::give_everything_back(engine::ConsumerEvents& events) {
  std::vector<int> all;
  for (const auto& [index, fetch] : fetches_) {
    if (fetch->assigned) all.push_back(index);
  }
  if (!all.empty()) revoke(events, all, member_->gone);
}

void FakeConsumerClient::finish_close(engine::ConsumerEvents& events) {
  give_everything_back(events);
  if (!left_) kafka_.group.leave(*member_);
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
                               fetch.incarnation->last_sent < 0 && !fetch.partition->promises.elsewhere();
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
    if (partition.stored && !partition.promises.elsewhere()) {
      begin_incarnation(fetch, *partition.stored);
      fall_back(fetch);
    } else {
      world_.happened(Happening::no_stored_position);
      begin_incarnation(fetch, 0);
      fetch.unplaced = partition.promises.elsewhere();
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

}  // namespace braid::simulation
