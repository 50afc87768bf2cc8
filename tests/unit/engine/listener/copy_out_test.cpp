// Messages that wait for long are copied out of the fetch that they came in, in both flows.

#include "engine/listener/copy_out.hpp"

#include "unit/engine/listener/commit_world.hpp"

#include <braid/routing/partition_by.hpp>
#include <braid/ticket.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <set>
#include <stdexcept>

namespace braid::engine {
namespace {

using namespace std::chrono_literals;
using test_support::CommitWorld;
using test_support::CountingOwner;
using Offsets = std::vector<std::int64_t>;

Offsets from_to(std::int64_t first, std::int64_t last) {
  Offsets offsets(static_cast<std::size_t>(last - first + 1));
  std::iota(offsets.begin(), offsets.end(), first);
  return offsets;
}

// Two virtual partitions, even offsets to one and odd ones to the other, jobs of 4 messages; a message that is in
// `failing` throws, and is tried again after a minute.
class CopyOutTest : public testing::Test {
 protected:
  CommitWorld& make(routing::Flow flow, const std::function<void(routing::Topic&)>& tune = {}) {
    world_.emplace(routing::Commit{}, flow, 2, [&](routing::Topic& topic) {
      topic.retries.backoff = fixed(60s);
      if (tune) tune(topic);
    });
    world_->in_consume = [this](Batch& batch, const Message& message) {
      if (CountingOwner::is_copy(message)) copies_seen_.insert(message.offset().value);
      if (before_failing) before_failing(batch);
      if (failing.contains(message.offset().value)) throw std::runtime_error("not yet");
    };
    return *world_;
  }
  // A listener's look each second.
  void tidy() { world_->the().runner->tidy(world_->now); }
  void wait_a_second() {
    tidy();
    world_->advance(1s);
    tidy();
  }
  [[nodiscard]] Offsets detached() const { return world_->world.owner->detached(); }

  std::set<std::int64_t> failing;
  std::function<void(Batch&)> before_failing;
  std::set<std::int64_t> copies_seen_;
  std::optional<CommitWorld> world_;
};

TEST_F(CopyOutTest, WhatWaitsInAQueueIsCopiedOnce) {
  CommitWorld& world = make(routing::Flow::continuous);
  world.deliver(0, 19);
  tidy();
  world.advance(999ms);
  tidy();
  EXPECT_EQ(detached(), Offsets{}) << "not a second yet";
  world.advance(1ms);
  tidy();
  EXPECT_EQ(detached(), from_to(8, 19)) << "0 to 7 are in the pool";
  wait_a_second();
  EXPECT_EQ(detached(), from_to(8, 19));
  EXPECT_EQ(world.world.counters->messages_copied.load(), 12U);
  for (int i = 0; i < 5; ++i) world.run();
  EXPECT_EQ(copies_seen_.size(), 12U);
  std::ranges::sort(world.consumed);
  EXPECT_EQ(world.consumed, from_to(0, 19));
  world.turn();
  EXPECT_TRUE(world.world.owner->released_once(0, 19));
}

TEST_F(CopyOutTest, WhatIsArmedIsTakenBackCopiedAndArmedAgain) {
  CommitWorld& world = make(routing::Flow::continuous);
  world.deliver(0, 7);   // both jobs are in the pool
  world.deliver(8, 15);  // armed behind them
  const Counters& counters = *world.world.counters;
  ASSERT_EQ(counters.batches_armed.load(), 2U);
  wait_a_second();
  EXPECT_EQ(detached(), from_to(8, 15));
  EXPECT_EQ(counters.batches_taken_back.load(), 2U);
  EXPECT_EQ(counters.batches_armed.load(), 4U);
  wait_a_second();
  EXPECT_EQ(counters.batches_taken_back.load(), 2U) << "they are copied";
  world.pool->run_all();
  EXPECT_EQ(world.consumed.size(), 16U) << "workers go on with what is armed";
  world.turn();
  EXPECT_TRUE(world.world.owner->released_once(0, 15));
}

TEST_F(CopyOutTest, WhatWaitsForItsRetryIsCopiedWhileNobodyElseHasIt) {
  CommitWorld& world = make(routing::Flow::continuous);
  failing = {2};
  world.deliver(0, 7);
  tidy();
  // In user code, whose views must stay.
  before_failing = [&](Batch&) {
    world.now += 1s;
    tidy();
  };
  world.run();
  EXPECT_EQ(detached(), Offsets{});
  before_failing = {};
  wait_a_second();
  EXPECT_EQ(detached(), (Offsets{0, 2, 4, 6}));
  failing.clear();
  world.advance(60s);
  world.run();
  EXPECT_EQ(copies_seen_, (std::set<std::int64_t>{0, 2, 4, 6}));
  EXPECT_TRUE(world.world.owner->released_once(0, 7));
  // Its memory is used again.
  failing = {8};
  world.deliver(8, 15);
  world.run();
  wait_a_second();
  EXPECT_EQ(detached(), (Offsets{0, 2, 4, 6, 8, 10, 12, 14}));
}

TEST_F(CopyOutTest, WhatIsKeptIsLeftAlone) {
  for (const routing::Flow flow : {routing::Flow::continuous, routing::Flow::batch}) {
    std::optional<KeptBatch> kept;
    CommitWorld& world = make(flow);
    failing = {0};
    before_failing = [&](Batch& batch) {
      if (failing.contains(batch.front().offset().value)) kept.emplace(batch.keep());
    };
    world.deliver(0, 3);
    world.run();
    wait_a_second();
    EXPECT_EQ(detached(), Offsets{});
    kept.reset();
    wait_a_second();
    EXPECT_EQ(detached(), flow == routing::Flow::batch ? from_to(0, 3) : (Offsets{0, 2}));
    failing.clear();
    world.advance(60s);
    world.run();
    EXPECT_TRUE(world.world.owner->released_once(0, 3));
  }
}

TEST_F(CopyOutTest, ATicketThatIsInertKeepsTheMessages) {
  CommitWorld& world = make(routing::Flow::continuous);
  std::optional<Ticket> ticket;
  failing = {0};
  before_failing = [&](Batch& batch) { ticket.emplace(batch.defer()); };
  world.deliver(0, 0);
  world.run();
  wait_a_second();
  EXPECT_EQ(detached(), Offsets{});
  EXPECT_FALSE(CountingOwner::is_copy(ticket->messages().front()));
  ticket.reset();
  wait_a_second();
  EXPECT_EQ(detached(), Offsets{0});
}

TEST_F(CopyOutTest, WhatIsDeferredIsLeftAlone) {
  CommitWorld& world = make(routing::Flow::batch);
  std::optional<Ticket> ticket;
  before_failing = [&](Batch& batch) {
    if (!ticket) ticket.emplace(batch.defer());
  };
  world.deliver(0, 0);
  world.run();
  wait_a_second();
  EXPECT_EQ(detached(), Offsets{});
  EXPECT_TRUE(ticket->done());
  world.turn();
  EXPECT_TRUE(world.world.owner->released_once(0, 0));
}

TEST_F(CopyOutTest, ABatchIsCopiedAsAWholeAndWhatWaitsBehindItToo) {
  CommitWorld& world = make(routing::Flow::batch);
  failing = {2};
  world.deliver(0, 3);
  world.deliver(4, 7);  // armed
  world.run();
  EXPECT_EQ(world.consumed, (Offsets{0, 2, 1, 3}));
  wait_a_second();
  EXPECT_EQ(detached(), from_to(0, 7)) << "what is done of it is freed with it";
  const Counters& counters = *world.world.counters;
  EXPECT_EQ(counters.batches_armed.load(), 2U) << "and is armed again";
  wait_a_second();
  EXPECT_EQ(detached(), from_to(0, 7));
  EXPECT_EQ(counters.batches_armed.load(), 2U);
  failing.clear();
  world.consumed.clear();
  world.advance(60s);
  world.pool->run_all();
  EXPECT_EQ(world.consumed, (Offsets{0, 2, 4, 6, 5, 7}));
  EXPECT_EQ(copies_seen_, (std::set<std::int64_t>{0, 2, 4, 5, 6, 7}));
  world.turn();
  EXPECT_TRUE(world.world.owner->released_once(0, 7));
}

TEST_F(CopyOutTest, NeverIsNever) {
  for (const routing::Flow flow : {routing::Flow::continuous, routing::Flow::batch}) {
    CommitWorld& world = make(flow, [](routing::Topic& topic) { topic.hold_copy_after.reset(); });
    failing = {0};
    world.deliver(0, 19);
    world.run();
    wait_a_second();
    wait_a_second();
    EXPECT_EQ(detached(), Offsets{});
  }
}

TEST_F(CopyOutTest, WhatMuchHasPassedIsCopiedThoughNoTimeHas) {
  CommitWorld& world = make(routing::Flow::continuous, [](routing::Topic& topic) { topic.max_bytes = 16'000; });
  world.world.owner->payload = std::string(100, 'p');
  failing = {0};
  // One message in 21 is even, and waits behind the one that fails; all others pass.
  std::int64_t odd = 1;
  for (int even = 0; even < 5; ++even) {
    world.queue.waiting.push_back(odd / 2 * 2);
    for (int i = 0; i < 20; ++i, odd += 2) world.queue.waiting.push_back(odd);
    world.turn();
    for (int i = 0; i < 6; ++i) world.run();
  }
  // A quarter of 16,000 bytes may be kept by what waits; 2,100 come at once.
  EXPECT_EQ(detached(), (Offsets{0, 40, 80})) << "120 and 160 are too young to matter";
}

TEST_F(CopyOutTest, ARoundIsShort) {
  CommitWorld& world = make(routing::Flow::continuous, [](routing::Topic& topic) {
    topic.max_messages = 1;
    topic.virtual_partitions.by = partition();
  });
  constexpr std::int64_t kLast = 9'998;
  world.deliver(0, kLast);
  wait_a_second();
  EXPECT_GE(detached().size(), CopyOut::kMostARound);
  EXPECT_LT(detached().size(), CopyOut::kMostARound + 200);
  // Some come later than the others: they wait for the first job to stand still.
  for (int i = 0; i < 4; ++i) wait_a_second();
  EXPECT_EQ(detached().size(), static_cast<std::size_t>(kLast)) << "all but the job in the pool";
}

TEST_F(CopyOutTest, WhatIsHeldBackIsCopiedToo) {
  CommitWorld& world = make(routing::Flow::continuous, [](routing::Topic& topic) {
    topic.max_window = 4;
    topic.max_open_offsets = 4;
  });
  failing = {0};
  world.deliver(0, 0);
  world.run();
  world.queue.waiting = {2, 3, 4, 5};
  world.turn();
  wait_a_second();
  EXPECT_EQ(detached(), (Offsets{0, 2, 4}));
}

}  // namespace
}  // namespace braid::engine
