#include "simulation/fake_store.hpp"

#include "simulation/fake_metadata.hpp"
#include "simulation/note_stored.hpp"

#include <chrono>
#include <stdexcept>
#include <utility>

namespace braid::simulation {

std::optional<Error> FakeOffsetStore::fail(const StoreCaller& caller, std::uint32_t of_a_thousand,
                                           Happening happening) {
  if (caller.side->dead) return Error(Error::Kind::other, "nobody asks any more", true);
  if (world_.calm || !world_.random.chance(of_a_thousand)) return std::nullopt;
  world_.happened(happening);
  if (world_.random.chance(300)) throw std::runtime_error("the store's driver throws");
  return Error(Error::Kind::timed_out, "the store does not answer", true);
}

Result<std::vector<OffsetStore::Stored>> FakeOffsetStore::open(const std::string&,
                                                               std::span<const Partition> partitions) {
  const StoreCaller caller = caller_;
  world_.preempt();
  if (auto failed = fail(caller, kafka_.nastiness.read_fails, Happening::store_failed)) return *std::move(failed);
  std::vector<Stored> answer;
  for (const Partition& each : partitions) {
    FakePartition& partition = *kafka_.find({each.topic, each.number});
    const auto position = partition.stored ? std::optional(CommitPosition{*partition.stored}) : std::nullopt;
    answer.push_back({position, partition.metadata, ++partition.epoch, {}});
    world_.trace("loads {} from the store, epoch {}", caller.side->who, partition.index,
                 partition.stored.value_or(-1), static_cast<std::int64_t>(partition.epoch));
    caller.side->loaded[partition.index] = {{each.topic, each.number}, position, partition.metadata};
    world_.happened(Happening::store_loaded);
  }
  if (!world_.calm && world_.random.chance(kafka_.nastiness.read_incomplete)) answer.pop_back();
  return answer;
}

Result<void> FakeOffsetStore::save(const std::string&, std::span<const Position> positions) {
  const StoreCaller caller = caller_;
  world_.preempt();
  if (auto failed = fail(caller, kafka_.nastiness.commit_fails, Happening::commit_failed)) {
    return *std::move(failed);
  }
  for (const Position& each : positions) {
    if (each.epoch >= kafka_.find({each.partition.topic, each.partition.number})->epoch) continue;
    world_.happened(Happening::store_fenced);
    for (const auto& [index, incarnation] : caller.incarnations) incarnation->inexact = true;
    const auto refused =
        caller.incarnations.find(kafka_.find({each.partition.topic, each.partition.number})->index);
    if (refused != caller.incarnations.end()) refused->second->fenced = true;
    return Error(Error::Kind::stale_member, "another member has loaded it since");
  }
  for (const Position& each : positions) store(caller, each);
  if (!world_.calm && world_.random.chance(kafka_.nastiness.commit_answer_lost)) {
    world_.happened(Happening::commit_answer_lost);
    return Error(Error::Kind::timed_out, "the answer was lost", true);
  }
  return {};
}

void FakeOffsetStore::store(const StoreCaller& caller, const Position& position) {
  FakePartition& partition = *kafka_.find({position.partition.topic, position.partition.number});
  const auto found = caller.incarnations.find(partition.index);
  const std::int64_t at = position.position.value;
  if (found == caller.incarnations.end()) world_.fail("nothing foreign is stored", "by who did not have it");
  Incarnation& incarnation = *found->second;
  incarnation.last_sent = at;
  incarnation.last_told = told_done(position.metadata, at);
  if (!incarnation.last_told.empty()) world_.happened(Happening::gaps_told);
  kafka_.notice();
  kafka_.guarantees().tell([&](Guarantee& each) { each.commit_sent(incarnation, at); });
  note_move(world_, partition, incarnation);
  kafka_.guarantees().tell([&](Guarantee& each) { each.commit_applied(partition, at); });
  world_.trace("the store has the position {}", caller.side->who, partition.index, at);
  note_stored(world_, partition, incarnation, at, position.metadata);
  partition.stored = at;
  partition.metadata = position.metadata;
  world_.happened(Happening::store_saved);
}

// A connection's way to it: what is posted is posted of the assignments that it has then.
class SteppedStore::Port final : public engine::StoreCalls {
 public:
  Port(SteppedStore& store, FakeConsumerClient& client) : store_(store), client_(client) {}
  void post(Task task) override { store_.post({{client_.store_side(), client_.incarnations()}, std::move(task)}); }

 private:
  SteppedStore& store_;
  FakeConsumerClient& client_;
};

std::shared_ptr<engine::StoreCalls> SteppedStore::calls_of(FakeConsumerClient& client) {
  return std::make_shared<Port>(*this, client);
}

void SteppedStore::post(Call call) {
  world_.preempt();
  if (closing_) return;
  calls_.push_back(std::move(call));
  if (task_ == nullptr) task_ = &world_.start_task(process_, [this] { run(); });
  task_->notified = true;
}

void SteppedStore::close() {
  closing_ = true;
  calls_.clear();
  if (task_ != nullptr) task_->notified = true;
}

void SteppedStore::run() {
  while (!closing_) {
    if (calls_.empty()) {
      world_.wait(std::nullopt, true);
      continue;
    }
    const bool outage = !world_.calm && world_.random.chance(20);
    if (outage) world_.happened(Happening::store_outage);
    world_.wait(
        world_.clock.now() + std::chrono::microseconds(world_.random.between(0, outage ? 4'000'000 : 3'000)),
        false);
    if (calls_.empty()) continue;
    const Call call = std::move(calls_.front());
    calls_.pop_front();
    store_->call_for(call.caller);
    call.task(*store_);
  }
  task_ = nullptr;
}

}  // namespace braid::simulation
