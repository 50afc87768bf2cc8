#include "engine/listener/external_positions.hpp"

#include "engine/worker/describe_failure.hpp"

#include <braid/offset_store.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace braid::engine {

namespace {

// A user's store may throw; to its thread that is a failed call.
template <class Call>
auto guarded(Call&& call) -> decltype(call()) {
  try {
    return call();
  } catch (...) {
    return Error(Error::Kind::other, "the offset store threw: " + describe_failure(std::current_exception()), true);
  }
}

// A partition can't go on: another member has it, or what it has done is not there.
bool begins_anew(const Result<void>& outcome) {
  return !outcome && (outcome.error().kind() == Error::Kind::stale_member ||
                      outcome.error().kind() == Error::Kind::not_committed);
}

StoreAnswer::Fenced fenced_by(const Error& error, const OffsetStore::Position& saved) {
  StoreAnswer::Fenced fenced{{saved.partition.topic, saved.partition.number}, saved.epoch, error.text()};
  if (error.kind() == Error::Kind::not_committed) {
    fenced.generation = saved.generation;
  } else {
    fenced.why = "another member has loaded its position from the offset store";
  }
  return fenced;
}

// One that must begin anew must not keep back the others.
CommitOutcome save_each(OffsetStore& store, const std::string& group,
                        std::span<const OffsetStore::Position> saved) {
  CommitOutcome outcome;
  for (const OffsetStore::Position& each : saved) {
    const Result<void> one = guarded([&] { return store.save(group, std::span(&each, 1)); });
    if (!one && !begins_anew(one)) outcome.all = one;  // all are sent again
    if (begins_anew(one)) outcome.refused.push_back({{each.partition.topic, each.partition.number}, one.error()});
  }
  return outcome;
}

}  // namespace

ExternalPositions::ExternalPositions(std::shared_ptr<StoreCalls> calls, std::string group,
                                     std::shared_ptr<Mailbox> mailbox)
    : calls_(std::move(calls)), group_(std::move(group)), mailbox_(std::move(mailbox)) {}

void ExternalPositions::read_positions(std::span<const TopicPartition> partitions, std::uint64_t token) {
  std::vector<OffsetStore::Partition> wanted;
  for (const TopicPartition& each : partitions) wanted.push_back({each.topic, each.partition});
  calls_->post([this, token, group = group_, mailbox = mailbox_, wanted = std::move(wanted)](OffsetStore& store) {
    auto answer = std::make_unique<StoreAnswer>();
    answer->store = this;  // a name only: a listener that is gone closes its mailbox
    answer->token = token;
    auto opened = guarded([&] { return store.open(group, wanted); });
    if (!opened) {
      answer->positions = Result<std::vector<StoredPosition>>(opened.error());
    } else {
      std::vector<StoredPosition> positions;
      // One that is left out is asked for again.
      for (std::size_t i = 0; i < wanted.size() && i < opened.value().size(); ++i) {
        const OffsetStore::Stored& stored = opened.value()[i];
        if (stored.epoch == 0) continue;
        positions.push_back({.partition = {wanted[i].topic, wanted[i].number},
                             .position = stored.position,
                             .metadata = stored.metadata,
                             .done = stored.done});
        answer->epochs.push_back(stored.epoch);
      }
      answer->positions = Result<std::vector<StoredPosition>>(std::move(positions));
    }
    mailbox->post_store_answer(std::move(answer));
  });
}

void ExternalPositions::note(const StoreAnswer& answer) {
  if (!answer.positions || !answer.positions->ok()) return;
  const std::vector<StoredPosition>& positions = answer.positions->value();
  for (std::size_t i = 0; i < positions.size(); ++i) epochs_[positions[i].partition] = answer.epochs[i];
}

void ExternalPositions::commit(std::span<const StoredPosition> positions, std::uint64_t token) {
  std::vector<OffsetStore::Position> saved;
  for (const StoredPosition& each : positions) {
    saved.push_back({.partition = {each.partition.topic, each.partition.partition},
                     .position = *each.position,
                     .metadata = each.metadata,
                     .epoch = epochs_[each.partition],
                     .generation = each.generation,
                     .anew = each.anew,
                     .recorded = each.done});
  }
  calls_->post([this, token, group = group_, mailbox = mailbox_, saved = std::move(saved)](OffsetStore& store) {
    auto answer = std::make_unique<StoreAnswer>();
    answer->store = this;
    answer->token = token;
    const Result<void> all = guarded([&] { return store.save(group, saved); });
    CommitOutcome outcome = all;
    if (begins_anew(all) && saved.size() > 1) outcome = save_each(store, group, saved);
    for (const OffsetStore::Position& each : saved) {
      const TopicPartition name{each.partition.topic, each.partition.number};
      const auto refused = std::ranges::find(outcome.refused, name, &CommitOutcome::Refused::partition);
      const Result<void> one = refused != outcome.refused.end() ? Result<void>(refused->error) : outcome.all;
      if (begins_anew(one)) answer->fenced.push_back(fenced_by(one.error(), each));
    }
    answer->committed = std::move(outcome);
    mailbox->post_store_answer(std::move(answer));
  });
}

}  // namespace braid::engine
