// What the client fetches, and how it is taken.

#include "simulation/fake_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace braid::simulation {

namespace {

constexpr auto kContract = "the client is used as its contract says";
constexpr std::size_t kPrefetch = 60;

// A batch that user code holds beyond its end is not counted: at most so many messages.
std::size_t held_by_engine(const FakeFetch& fetch) {
  const std::size_t beside = fetch.owner->holds() * fetch.partition->promises.max_messages;
  return fetch.owner->out() - std::min(fetch.owner->out(), beside);
}

// It was moved, and the group does not know yet.
bool unstored(const Incarnation& incarnation) {
  return incarnation.moved && !incarnation.start_stored;
}

// Where the group is, as far as this assignment is concerned.
std::optional<std::int64_t> group_is_at(const FakeFetch& fetch) {
  const Incarnation& incarnation = *fetch.incarnation;
  if (!unstored(incarnation)) return fetch.partition->stored;
  return incarnation.sought ? std::optional(incarnation.start) : std::nullopt;
}

}  // namespace

std::unique_ptr<engine::PartitionQueue> FakeConsumerClient::open(const engine::TopicPartition& name,
                                                                 engine::ReadySignal& ready) {
  world_.preempt();
  FakePartition* partition = kafka_.find(name);
  if (fetches_.contains(partition->index)) world_.fail(kContract, "a partition's queue is opened twice");
  auto fetch = std::make_unique<FakeFetch>();
  fetch->partition = partition;
  fetch->ready = &ready;
  fetch->owner = std::make_shared<FakeMessageOwner>(world_, name);
  fetch->steered = std::make_shared<SteeredPartition>(world_, partition->index);
  kafka_.owners.push_back({process_, fetch->owner});
  auto queue = std::make_unique<FakeQueue>(*this, *fetch);
  fetch->queue = queue.get();
  fetches_[partition->index] = std::move(fetch);
  return queue;
}

void FakeConsumerClient::queue_closed(FakeFetch& fetch) {
  fetch.queue = nullptr;
  fetch.ready = nullptr;
}

FakeFetch& FakeConsumerClient::fetch_of(const engine::TopicPartition& name, const char* call) {
  const auto found = fetches_.find(kafka_.find(name)->index);
  if (found == fetches_.end()) {
    world_.fail(kContract, fmt::format("{}({}/{}), which has no queue", call, name.topic, name.partition.value));
  }
  return *found->second;
}

void FakeConsumerClient::begin_incarnation(FakeFetch& fetch, std::int64_t start) {
  auto incarnation = std::make_shared<Incarnation>();
  incarnation->id = kafka_.next_incarnation();
  incarnation->partition = fetch.partition->index;
  incarnation->process = process_;
  incarnation->connection = connection_;
  incarnation->start = start;
  incarnation->steered = fetch.steered;
  fetch.incarnation = std::move(incarnation);
  // One that the group has declared dead, and that goes on, does not take it from whoever has it since.
  const auto current = fetch.partition->current.lock();
  const bool member = member_ && !member_->gone;
  if (member || !current || current->ended) fetch.partition->current = fetch.incarnation;
  fetch.next = start;
  fetch.app_position = start;
  fetch.fetched.clear();
  fetch.waits = FakeFetch::Waits::no;
  fetch.tell_waits = fetch.tell_end = fetch.told_end = fetch.tell_error = false;
  fetch.taken_from = fetch.was_elsewhere = fetch.unplaced = fetch.out_of_log = false;
  world_.trace("fetches from {} on, as incarnation {}", who(), fetch.partition->index, start,
               static_cast<std::int64_t>(fetch.incarnation->id));
}

void FakeConsumerClient::end_incarnation(FakeFetch& fetch) {
  if (!fetch.incarnation) return;
  fetch.incarnation->ended = true;
  if (fetch.incarnation->jobs_inside > 0) {
    world_.happened(Happening::job_overran, static_cast<std::uint64_t>(fetch.incarnation->jobs_inside));
  }
}

// What was delivered before comes once more, now and then.
void FakeConsumerClient::fall_back(FakeFetch& fetch) {
  const FakeLog& log = fetch.partition->log;
  if (fetch.next <= log.start() || fetch.next > log.end() ||
      !world_.random.chance(kafka_.nastiness.stale_redelivery))
    return;
  fetch.next = std::max(fetch.partition->log.start(), fetch.next - world_.random.between(1, 5));
}

// A rebalance throws what was fetched away; what a call was just taking is gone unless the reader repositions.
void FakeConsumerClient::purge_retained(std::span<const engine::TopicPartition> others) {
  for (const auto& [index, fetch] : fetches_) {
    if (!fetch->assigned || fetch->waits != FakeFetch::Waits::no) continue;
    if (std::find(others.begin(), others.end(), fetch->partition->name) != others.end()) continue;
    fetch->fetched.clear();
    fetch->tell_end = fetch->told_end = false;
    if (fetch->partition->promises.elsewhere() && !fetch->taken_from) {
      // The group can't say where it is to go on.
      fetch->waits = FakeFetch::Waits::stored_position;
      fetch->tell_waits = true;
      continue;
    }
    fetch->next = fetch->app_position;
    // Nothing was taken yet: it asks the group.
    if (!fetch->taken_from && fetch->incarnation->sought) {
      fetch->next = fetch->partition->stored.value_or(fetch->next);
    }
    if (fetch->taken_from && world_.random.chance(kafka_.nastiness.skip_unless_repositioned)) {
      fetch->next = std::min(fetch->partition->log.end(), fetch->next + world_.random.between(1, 4));
    }
  }
}

void FakeConsumerClient::reposition(std::span<const engine::StoredPosition> retained) {
  world_.preempt();
  if (handler_ == Handler::none || !handler_answered_) {
    world_.fail(kContract, "reposition() belongs into a rebalance's handler, behind the (un)assign");
  }
  for (const engine::StoredPosition& position : retained) {
    FakeFetch& fetch = fetch_of(position.partition, "reposition");
    world_.happened(Happening::retained_repositioned);
    if (fetch.waits == FakeFetch::Waits::stored_position && fetch.partition->promises.elsewhere()) {
      fetch.waits = FakeFetch::Waits::no;
      fetch.tell_waits = false;
    }
    if (fetch.waits != FakeFetch::Waits::no) continue;
    fetch.next = position.position->value;
    world_.trace("goes on at {}", who(), fetch.partition->index, fetch.next);
    fall_back(fetch);
  }
}

// Its reader has asked the store: it begins there, or begins anew.
void FakeConsumerClient::begin_from_store(FakeFetch& fetch, CommitPosition at) {
  const engine::StoredPosition loaded = store_side_->loaded.extract(fetch.partition->index).mapped();
  world_.happened(fetch.unplaced ? Happening::store_begun : Happening::store_begun_anew);
  end_incarnation(fetch);
  begin_incarnation(fetch, at.value);
  if (loaded.position != at) {
    world_.fail("what the store has is where it begins",
                fmt::format("#{} begins at {}", fetch.partition->index, at.value));
  }
  learn_done_before(loaded);
}

Result<std::optional<CommitPosition>> FakeConsumerClient::restart_at(const engine::TopicPartition& name,
                                                                     engine::StartPoint start) {
  world_.preempt();
  if (handler_ == Handler::revoked && !handler_answered_) {
    world_.fail(kContract, "nothing is restarted in handle_revoked before the unassign()");
  }
  FakeFetch& fetch = fetch_of(name, "restart_at");
  if (dead_) return std::optional<CommitPosition>();
  if (!start.by_policy && start.as_a_number) return seek(fetch, start);
  if (start.kind == engine::StartPoint::Kind::at) {
    if (store_side_->loaded.contains(fetch.partition->index)) begin_from_store(fetch, start.at);
    // The same incarnation goes on, where it should be.
    fetch.fetched.clear();
    fetch.next = start.at.value;
    fetch.waits = FakeFetch::Waits::no;
    fetch.tell_waits = fetch.tell_end = fetch.told_end = false;
    world_.happened(Happening::sent_back);
    world_.trace("is sent to {}", who(), fetch.partition->index, fetch.next);
    return std::optional<CommitPosition>(start.at);
  }
  FakePartition& partition = *fetch.partition;
  const bool still_ours = member_ && !member_->gone;
  const bool good = group_is_at(fetch).value_or(-1) >= partition.log.start();
  if (still_ours && good && !fetch.out_of_log) {
    world_.fail("what is committed is not repeated",
                fmt::format("{}/{} is started anew, though the group has stored {}", name.topic,
                            name.partition.value, *partition.stored));
  }
  store_side_->loaded.erase(fetch.partition->index);
  end_incarnation(fetch);
  if (!world_.calm && world_.random.chance(kafka_.nastiness.restart_fails)) {
    world_.happened(Happening::restart_failed);
    return Error(Error::Kind::timed_out, "the partition's leader does not answer", true);
  }
  const bool latest = start.kind == engine::StartPoint::Kind::latest;
  const bool moved = fetch.out_of_log || unstored(*fetch.incarnation);
  if (latest) partition.skipped_below = std::max(partition.skipped_below, partition.log.end());
  begin_incarnation(fetch, latest ? partition.log.end() : partition.log.start());
  fetch.incarnation->moved = moved;
  // Not every client knows at once where that is.
  if (!latest && !start.as_a_number && world_.random.chance(500)) return std::optional<CommitPosition>();
  return std::optional<CommitPosition>(CommitPosition{fetch.incarnation->start});
}

// A consumer has asked for it: whatever is stored, it begins anew there.
Result<std::optional<CommitPosition>> FakeConsumerClient::seek(FakeFetch& fetch, const engine::StartPoint& target) {
  const bool asked = fetch.steered->was_asked(target);
  // Once more, where nobody knows whether its transaction has stored it.
  const bool again = !asked && fetch.partition->promises.exactly_once && fetch.incarnation->sought &&
                     target.kind == engine::StartPoint::Kind::at && target.at.value == fetch.incarnation->start;
  if (again) world_.happened(Happening::seek_repeated);
  if (!again && !asked) {
    world_.fail("the last seek wins", fmt::format("#{} is sent where nobody wants it", fetch.partition->index));
  }
  // The old one is over, though the broker does not know.
  end_incarnation(fetch);
  if (!world_.calm && world_.random.chance(kafka_.nastiness.restart_fails)) {
    world_.happened(Happening::seek_failed);
    return Error(Error::Kind::timed_out, "the partition's leader does not answer", true);
  }
  if (!again) fetch.steered->obeyed(target);
  store_side_->loaded.erase(fetch.partition->index);
  begin_incarnation(fetch, offset_of(target, fetch.partition->log));
  fetch.incarnation->sought = fetch.incarnation->moved = true;
  world_.happened(Happening::seek_obeyed);
  return std::optional<CommitPosition>(CommitPosition{fetch.incarnation->start});
}

engine::TakeReport FakeConsumerClient::take(FakeFetch& fetch, std::size_t max, std::vector<Message>& out) {
  world_.preempt();
  engine::TakeReport report;
  if (handler_ != Handler::none && !handler_answered_) {
    world_.fail(kContract, "nothing is taken before a rebalance's handler has called (un)assign()");
  }
  if (dead_ || !fetch.assigned) return report;
  fetch.taken_from = true;
  if (std::exchange(fetch.tell_waits, false)) {
    report.no_stored_position = fetch.waits == FakeFetch::Waits::stored_position;
    report.out_of_range = fetch.waits == FakeFetch::Waits::in_range;
    if (report.out_of_range) world_.happened(Happening::out_of_range);
    return report;
  }
  if (std::exchange(fetch.tell_error, false)) report.error = Error(Error::Kind::other, "a fetch failed", true);
  if (fetch.partition->promises.continuous &&
      fetch.incarnation->open.size() + max == fetch.partition->bounds.open) {
    world_.happened(Happening::open_bound_reached);
  }
  if (fetch.partition->promises.manual_offsets &&
      fetch.incarnation->open.size() + max >= fetch.partition->bounds.open) {
    world_.happened(Happening::unmarked_bound_reached);
  }
  std::size_t count = std::min(max, fetch.fetched.size());
  if (count > 1 && world_.random.chance(kafka_.nastiness.partial_take)) {
    count = 1 + world_.random.below(count - 1);
    fetch.signal_owed = true;
    world_.happened(Happening::partial_take);
  }
  Incarnation& incarnation = *fetch.incarnation;
  for (std::size_t i = 0; i < count; ++i) {
    const FakeRecord& record = *fetch.partition->log.find(fetch.fetched.front());
    fetch.fetched.pop_front();
    out.push_back(fetch.owner->hand_out(record, fetch.incarnation));
    if (record.offset < incarnation.start || record.offset <= incarnation.highest_taken) continue;
    incarnation.highest_taken = record.offset;
    if (incarnation.done_before.contains(record.offset)) continue;
    incarnation.open.insert(record.offset);
    ++incarnation.admitted;
  }
  if (count > 0) {
    fetch.app_position = out.back().offset().value + 1;
    world_.trace("takes {} messages, up to {}", who(), incarnation.partition, static_cast<std::int64_t>(count),
                 fetch.app_position - 1);
    kafka_.notice();
    kafka_.guarantees().tell([&](Guarantee& each) { each.taken(incarnation, held_by_engine(fetch)); });
  }
  report.messages = count;
  report.more = count == max;
  if (fetch.fetched.empty() && std::exchange(fetch.tell_end, false)) {
    report.end_of_partition = true;
    report.end = CommitPosition{fetch.end};
    incarnation.end_told = fetch.end;
    if (std::exchange(incarnation.admitted_at_end, incarnation.admitted) != incarnation.admitted) {
      incarnation.ends.push_back({incarnation.highest_taken, world_.step});
    }
    world_.happened(Happening::end_of_partition);
    world_.trace("is told of the end, {}", who(), incarnation.partition, fetch.end);
  }
  return report;
}

void FakeConsumerClient::signal(FakeFetch& fetch) {
  const World::Undisturbed undisturbed(world_);
  fetch.signal_owed = false;
  if (fetch.ready != nullptr && !dead_) fetch.ready->on_ready();
}

bool FakeConsumerClient::fetch_more(FakeFetch& fetch) {
  if (!fetch.assigned || fetch.queue == nullptr) return false;
  if (fetch.signal_owed) {
    signal(fetch);
    return true;
  }
  if (fetch.waits != FakeFetch::Waits::no || fetch.fetched.size() >= kPrefetch) return false;
  if (handler_ != Handler::none) return false;
  FakeLog& log = fetch.partition->log;
  const bool was_empty = fetch.fetched.empty() && !fetch.tell_end;
  // Behind what is stored a client may find itself once; if it is sent where it should be, that is it.
  const bool elsewhere = fetch.next < log.start() && group_is_at(fetch).value_or(0) >= log.start();
  if (elsewhere && std::exchange(fetch.was_elsewhere, true)) fetch.next = log.start();
  if (fetch.next < log.start() || fetch.next > log.end()) {
    fetch.out_of_log = fetch.out_of_log || fetch.next > log.end();
    fetch.waits = FakeFetch::Waits::in_range;
    fetch.tell_waits = true;
    signal(fetch);
    return true;
  }
  if (fetch.next >= log.end()) {
    if (fetch.told_end) return false;
    fetch.told_end = fetch.tell_end = true;
    fetch.end = log.end();
    signal(fetch);
    return true;
  }
  const auto& records = log.records();
  std::size_t index = log.index_at(fetch.next);
  for (std::int64_t count = world_.random.between(1, 25); count > 0 && index < records.size(); --count, ++index) {
    fetch.fetched.push_back(records[index].offset);
    fetch.next = records[index].offset + 1;
  }
  if (index == records.size()) fetch.next = log.end();
  fetch.told_end = fetch.tell_end = false;
  if (!world_.calm && world_.random.chance(kafka_.nastiness.error)) fetch.tell_error = true;
  if (was_empty) signal(fetch);
  return true;
}

bool FakeConsumerClient::step_network() {
  if (dead_) return false;
  const std::size_t begin = world_.random.below(fetches_.size() + 2);
  for (std::size_t i = 0; i < fetches_.size() + 2; ++i) {
    const std::size_t which = (begin + i) % (fetches_.size() + 2);
    if (which < fetches_.size()) {
      if (fetch_more(*std::next(fetches_.begin(), static_cast<std::ptrdiff_t>(which))->second)) return true;
    } else if (which == fetches_.size()) {
      const auto next =
          std::find_if(requests_.begin(), requests_.end(), [](const auto& each) { return !each.handled; });
      if (next != requests_.end()) {
        handle(*next);
        return true;
      }
    } else if (!requests_.empty() && requests_.front().handled) {
      answers_.push_back(std::move(requests_.front()));
      requests_.pop_front();
      if (!world_.calm && world_.random.chance(kafka_.nastiness.error)) tell_error_ = true;
      wake();
      return true;
    }
  }
  return false;
}

}  // namespace braid::simulation
