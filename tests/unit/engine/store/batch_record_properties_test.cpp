// However attempts and processes end, each message has its effect once: properties of what shares record.

#include "core/offsets/offset_ranges.hpp"
#include "unit/engine/listener/commit_world.hpp"

#include <braid/batch_record.hpp>
#include <braid/offset_store.hpp>
#include <braid/recovery.hpp>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <stdexcept>

namespace braid::engine {
namespace {

using namespace std::chrono_literals;
using test_support::CommitWorld;

constexpr std::int64_t kMessages = 40;

// A database that keeps results and offsets, and the processes that have the partition one after another.
class Story {
 public:
  Story(std::uint64_t seed, routing::Flow flow, routing::OnFailure on_failure)
      : random_(seed), flow_(flow), on_failure_(on_failure) {}

  // One process: it ends in the middle of something, unless it is the last one.
  void run_process(bool last) {
    const auto opened = store_->open("group", std::span(&here_, 1)).value().front();
    const CommitPosition position = opened.position.value_or(CommitPosition{0});
    CommitWorld world({.when = routing::Commit::When::external}, flow_, 3,
                      [this](routing::Topic& topic) {
                        topic.offset_store = store_;
                        topic.on_failure = on_failure_;
                        topic.retries.max = unlimited;
                        topic.virtual_partitions.by.kind = routing::PartitionBy::Kind::round_robin;
                      },
                      {position, core::in_order(opened.done, position)});
    world.world.assignment->begin_in_store(
        {.store = &world.store,
         .epoch = opened.epoch,
         .begins_at = opened.position ? std::nullopt : std::optional<CommitPosition>(position)});
    world.world.script.consume = [&](Batch& batch) { consume(batch, last); };
    for (std::int64_t offset = position.value; offset < kMessages; ++offset) world.queue.waiting.push_back(offset);
    world.turn();
    const int steps = last ? 5'000 : below(60);
    for (int i = 0; i < steps && !(last && store_->position("group", here_) == CommitPosition{kMessages}); ++i) {
      world.pool->run_one();
      world.advance(20ms);
      if (below(5) == 0) save_position(world, opened);
    }
    if (last) RC_ASSERT(world.position() == kMessages);
  }
  void each_message_had_its_effect_once() const {
    for (std::int64_t offset = 0; offset < kMessages; ++offset) {
      RC_ASSERT(effects_.contains(offset));
      RC_ASSERT(effects_.at(offset) == 1);
    }
    RC_ASSERT(store_->recorded("group", here_).empty());
  }

 private:
  int below(int limit) { return static_cast<int>(random_() % static_cast<std::uint64_t>(limit)); }

  void consume(Batch& batch, bool last) {
    const int fate = below(last ? 14 : 8);
    if (fate == 0) throw std::runtime_error("before anything was stored");
    if (fate == 1) {
      BatchRecord(*store_, batch).noted();
      throw std::runtime_error("rolled back");
    }
    // Another member opens it: what is under way comes to nothing, and this process to its end.
    if (fate == 2 && !last) (void)store_->open("group", std::span(&here_, 1));
    store_->save(batch);
    for (const Message& message : batch) ++effects_[message.offset().value];
    if (fate == 3) throw std::runtime_error("committed, and nobody was told");
  }

  // What the listener does now and then.
  void save_position(CommitWorld& world, const OffsetStore::Stored& opened) {
    world.the().runner->fold();
    const auto position = world.the().runner->position();
    if (!position) return;
    const OffsetStore::Position at{.partition = here_,
                                   .position = *position,
                                   .metadata = {},
                                   .epoch = opened.epoch,
                                   .generation = world.world.assignment->generation(),
                                   .anew = !opened.position};
    (void)store_->save("group", std::span(&at, 1));
  }

  std::mt19937_64 random_;
  const routing::Flow flow_;
  const routing::OnFailure on_failure_;
  const OffsetStore::Partition here_{"events", {0}};
  const std::shared_ptr<InMemoryOffsetStore> store_ = std::make_shared<InMemoryOffsetStore>();
  std::map<std::int64_t, int> effects_;
};

void tell(routing::Flow flow, routing::OnFailure on_failure) {
  Story story(*rc::gen::arbitrary<std::uint64_t>(), flow, on_failure);
  const int processes = *rc::gen::inRange(0, 5);
  for (int i = 0; i < processes; ++i) story.run_process(false);
  story.run_process(true);
  story.each_message_had_its_effect_once();
}

RC_GTEST_PROP(BatchRecords, InBatchesEachMessageHasItsEffectOnce, ()) {
  tell(routing::Flow::batch, routing::OnFailure::isolate);
}

RC_GTEST_PROP(BatchRecords, InCollapsedBatchesEachMessageHasItsEffectOnce, ()) {
  tell(routing::Flow::batch, routing::OnFailure::collapse);
}

RC_GTEST_PROP(BatchRecords, InContinuousFlowEachMessageHasItsEffectOnce, ()) {
  tell(routing::Flow::continuous, routing::OnFailure::isolate);
}

}  // namespace
}  // namespace braid::engine
