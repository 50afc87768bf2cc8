// What is told as events of batches, jobs and attempts, in both flows, and that it is true.

#include "engine/instrumentation/event_hub.hpp"
#include "unit/engine/listener/recovery_world.hpp"

#include <braid/event.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace braid::engine {
namespace {

using namespace std::chrono_literals;
using routing::Flow;
using test_support::Bell;
using test_support::fails_at;

class Tell : public test_support::RecoveryTest {
 protected:
  void begin(Consume consume, const std::function<void(routing::Topic&)>& tune = {}) {
    make(std::move(consume), tune);
    world().world.recovery->wall = [this] { return world().wall; };
    world().world.owner->time = world().wall;
    hub().subscribe((std::uint64_t{1} << kEventKinds) - 1,
                    [this](const Event& event, Monitor::Moment) { events_.push_back(event); });
  }
  ~Tell() override { hub().close(); }
  EventHub& hub() { return *counters().events; }

  // Those of a kind, so far.
  template <class E>
  std::vector<E> told() {
    EXPECT_TRUE(hub().flush(Bell::kPatience));
    std::vector<E> found;
    for (const Event& event : events_) {
      if (const E* const one = std::get_if<E>(&event)) found.push_back(*one);
    }
    return found;
  }

 private:
  std::vector<Event> events_;  // the monitor's thread; the test's behind a flush
};

TEST_P(Tell, KnownDelaysAreToldAsTheyWere) {
  std::optional<std::chrono::milliseconds> consumption;
  std::optional<std::chrono::milliseconds> of_second;
  std::optional<std::chrono::microseconds> processing;
  begin([&](Batch& batch) {
    world().now += 40ms;  // what user code does first does not count as lag
    world().wall += 40ms;
    consumption = batch.consumption_lag();
    of_second = batch.consumption_lag(batch[1]);
    processing = batch.processing_lag();
  });
  world().advance(700ms);  // nobody has fetched them yet
  world().deliver(0, 3);
  world().advance(250ms);  // no worker is free
  run();
  EXPECT_EQ(consumption, 950ms);
  EXPECT_EQ(of_second, 950ms);
  EXPECT_EQ(processing, 250ms);
  const auto started = told<events::JobStarted>();
  ASSERT_EQ(started.size(), 1u);
  EXPECT_EQ(started[0].consumption_lag, 950ms);
  EXPECT_EQ(started[0].processing_lag, 250ms);
  EXPECT_EQ(started[0].where.consumer_group, "group");
  EXPECT_EQ(started[0].where.topic, "events");
  EXPECT_EQ(started[0].share.first_offset, 0);
  EXPECT_EQ(started[0].share.last_offset, 3);
  EXPECT_EQ(started[0].share.messages, 4u);
  const auto ended = told<events::JobEnded>();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].outcome, events::Outcome::done);
  EXPECT_EQ(ended[0].took, 40ms);
  EXPECT_EQ(ended[0].share.messages, 0u);
  const auto settled = told<events::BatchSettled>();
  ASSERT_EQ(settled.size(), 1u);
  EXPECT_EQ(settled[0].first_offset, 0);
  EXPECT_EQ(settled[0].last_offset, 3);
  EXPECT_EQ(settled[0].messages, 4u);
  EXPECT_EQ(settled[0].given_up, 0u);
  EXPECT_EQ(settled[0].virtual_partitions, 1u);
  EXPECT_EQ(settled[0].largest_share, 4u);
  EXPECT_EQ(settled[0].took, 40ms);
  EXPECT_EQ(settled[0].consumption_lag, 950ms);
  EXPECT_EQ(settled[0].processing_lag, 250ms);
  const auto longest = world().world.assignment->lags().take();
  ASSERT_TRUE(longest);
  EXPECT_EQ(longest->consumption, 950ms);
  EXPECT_EQ(longest->processing, 250ms);
  EXPECT_FALSE(world().world.assignment->lags().take()) << "until the next job";
}

// The next batch is made of memory of the one before.
TEST_P(Tell, EachBatchIsToldWithItsOwnDelays) {
  begin([&](Batch&) { world().now += 5ms; });
  for (std::int64_t i = 0; i < 6; ++i) {
    world().deliver(10 * i, 10 * i + 9);
    world().advance(i * 10ms);
    run();
  }
  const auto settled = told<events::BatchSettled>();
  ASSERT_EQ(settled.size(), 6u);
  for (std::int64_t i = 0; i < 6; ++i) {
    EXPECT_EQ(settled[i].first_offset, 10 * i);
    EXPECT_EQ(settled[i].processing_lag, i * 10ms) << i;
    EXPECT_EQ(settled[i].took, 5ms) << i;
  }
}

TEST_P(Tell, AFailureItsRetryAndItsEndAreToldInOrder) {
  int left = 1;
  begin(
      [&](Batch&) {
        if (left-- > 0) throw std::runtime_error("not now");
      },
      [](routing::Topic& topic) { topic.retries.max = 3; });
  process(0, 2);
  const auto failed = told<events::AttemptFailed>();
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_NE(failed[0].error.find("not now"), std::string::npos) << failed[0].error;
  EXPECT_EQ(failed[0].next, events::Next::retry);
  EXPECT_EQ(failed[0].pause, 10ms);
  EXPECT_EQ(failed[0].share.attempt, 1u);
  EXPECT_EQ(failed[0].share.messages, 3u);
  ASSERT_EQ(told<events::RetryScheduled>().size(), 1u);
  EXPECT_TRUE(told<events::BatchSettled>().empty());
  world().advance(10ms);
  run();
  const auto ended = told<events::JobEnded>();
  ASSERT_EQ(ended.size(), 2u);
  EXPECT_EQ(ended[0].outcome, events::Outcome::failed);
  EXPECT_EQ(ended[1].outcome, events::Outcome::done);
  const auto started = told<events::JobStarted>();
  ASSERT_EQ(started.size(), 2u);
  EXPECT_EQ(started[1].share.attempt, 2u);
  EXPECT_EQ(started[1].processing_lag, 0us) << "of what is tried again it would be the failure's pause";
  EXPECT_EQ(told<events::BatchSettled>().size(), 1u);
}

TEST_P(Tell, DeadLettersAreToldWhenTheyAreAcknowledged) {
  begin(fails_at(1), [](routing::Topic& topic) { topic.max_messages = 1; });
  process(0, 2);
  const auto failed = told<events::AttemptFailed>();
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed[0].culprit, 1);
  EXPECT_EQ(failed[0].next, events::Next::dead_letter);
  EXPECT_TRUE(told<events::DeadLetterSent>().empty());
  refuse(0, "leader not available");
  const auto refused = told<events::DeadLetterFailed>();
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].offset, 1);
  EXPECT_EQ(refused[0].dead_letter_topic, "dlq");
  EXPECT_EQ(refused[0].tries, 1u);
  EXPECT_NE(refused[0].error.find("leader not available"), std::string::npos);
  world().advance(1s);
  run();
  acknowledge(1);
  const auto sent = told<events::DeadLetterSent>();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].offset, 1);
  EXPECT_EQ(sent[0].dead_letter_topic, "dlq");
  std::uint32_t given_up = 0;
  for (const auto& batch : told<events::BatchSettled>()) given_up += batch.given_up;
  EXPECT_EQ(given_up, 1u);
}

TEST_P(Tell, SkippedMessagesAreTold) {
  begin([](Batch& batch) { batch.skip(batch[1]); });
  process(5, 7);
  const auto skipped = told<events::MessageSkipped>();
  ASSERT_EQ(skipped.size(), 1u);
  EXPECT_EQ(skipped[0].offset, 6);
}

TEST_P(Tell, ParkedMessagesAreTold) {
  begin(fails_at(1), [](routing::Topic& topic) {
    topic.max_messages = 1;
    topic.on_exhausted = routing::OnExhausted::park;
  });
  process(0, 2);
  const auto parked = told<events::MessageParked>();
  ASSERT_EQ(parked.size(), 1u);
  EXPECT_EQ(parked[0].offset, 1);
  EXPECT_EQ(told<events::AttemptFailed>().at(0).next, events::Next::park);
}

TEST_P(Tell, CommitsAreToldWithTheirPositions) {
  begin([](Batch&) {});
  process(0, 9);
  world().advance(1s);
  ASSERT_EQ(world().store.sent.size(), 1u);
  world().now += 7ms;
  world().answer(Error(Error::Kind::timed_out, "no answer", true));
  const auto failed = told<events::CommitFailed>();
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed[0].kind, Error::Kind::timed_out);
  EXPECT_EQ(failed[0].consumer_group, "group");
  ASSERT_EQ(failed[0].partitions.size(), 1u);
  EXPECT_EQ(failed[0].partitions[0].position, 10);
  EXPECT_TRUE(told<events::PositionsCommitted>().empty());
  world().advance(2s);
  world().now += 3ms;
  world().answer();
  const auto done = told<events::PositionsCommitted>();
  ASSERT_EQ(done.size(), 1u);
  EXPECT_EQ(done[0].partitions.at(0).topic, "events");
  EXPECT_EQ(done[0].partitions.at(0).position, 10);
  EXPECT_EQ(done[0].took, 3ms);
}

INSTANTIATE_TEST_SUITE_P(Flows, Tell, ::testing::Values(Flow::batch, Flow::continuous),
                         [](const auto& flow) { return flow.param == Flow::batch ? "Batch" : "Continuous"; });

}  // namespace
}  // namespace braid::engine
