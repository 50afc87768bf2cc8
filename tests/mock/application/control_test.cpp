// What a consumer asks of its partition: pause, resume, seek.

#include "mock/application/application_test.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace braid::application_test {
namespace {

using namespace std::chrono_literals;

class PartitionControls : public ApplicationTest, public ::testing::WithParamInterface<Flow> {
 protected:
  [[nodiscard]] static Tune with(Flow flow, std::uint32_t virtual_partitions = 1) {
    return [=](routing::TopicBuilder& topic) {
      // A wait, so that batches are full, though their messages may come one by one.
      topic.flow(flow).max_messages(5).max_wait(5s).virtual_partitions({.max_partitions = virtual_partitions});
    };
  }
  void keep(const PartitionControl& control) {
    const std::lock_guard lock(mutex_);
    control_ = control;
  }
  [[nodiscard]] PartitionControl kept() {
    const std::lock_guard lock(mutex_);
    return control_.value();
  }
  // How often each of these offsets was processed.
  [[nodiscard]] std::vector<int> times(int offsets) const {
    std::vector<int> counts(static_cast<std::size_t>(offsets));
    for (const Seen& seen : recorder->seen()) ++counts[static_cast<std::size_t>(seen.offset)];
    return counts;
  }

 private:
  std::mutex mutex_;
  std::optional<PartitionControl> control_;
};

TEST_P(PartitionControls, APausedPartitionStandsStillAndTheOthersGoOn) {
  make_topic("orders", 2);
  produce("orders", 40, 4, 0);
  produce("orders", 40, 4, 1);
  recorder->script = [&](Batch& batch) {
    if (batch.partition().value != 0 || batch.front().offset().value > 0) return;
    keep(batch.control());
    batch.control().pause();
  };
  Application app(settings(), route("g", "orders", recorder, with(GetParam())));
  app.start();
  const auto of = [&](int partition) {
    std::vector<std::int64_t> offsets;
    for (const Seen& seen : recorder->seen()) {
      if (seen.partition == partition) offsets.push_back(seen.offset);
    }
    return offsets;
  };
  ASSERT_TRUE(eventually([&] { return of(1).size() == 40; }));
  ASSERT_TRUE(eventually([&] { return committed("g", "orders", 2) == std::vector<std::int64_t>{5, 40}; }));
  EXPECT_EQ(of(0), (std::vector<std::int64_t>{0, 1, 2, 3, 4})) << "the asking share, and nothing behind it";
  EXPECT_TRUE(kept().paused());
  kept().resume();
  EXPECT_TRUE(eventually([&] { return of(0).size() == 40; }));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(committed("g", "orders", 2), (std::vector<std::int64_t>{40, 40}));
  EXPECT_EQ(recorder->count(), 80U);
}

TEST_P(PartitionControls, APauseOfSomeTimeIsAsLongAsThat) {
  make_topic("orders");
  produce("orders", 10, 1);
  std::atomic<bool> asked{false};
  std::chrono::steady_clock::time_point from;
  std::chrono::steady_clock::duration waited{};
  recorder->script = [&](Batch& batch) {
    if (!asked.exchange(true)) {
      from = std::chrono::steady_clock::now();
      batch.control().pause(300ms);
    } else if (waited == std::chrono::steady_clock::duration{}) {
      waited = std::chrono::steady_clock::now() - from;
    }
  };
  Application app(settings(), route("g", "orders", recorder, with(GetParam())));
  app.start();
  ASSERT_TRUE(all_seen(10));
  app.stop();
  EXPECT_GE(waited, 300ms);
}

TEST_P(PartitionControls, AStopDoesNotWaitForAPause) {
  make_topic("orders");
  produce("orders", 30, 3);
  recorder->script = [](Batch& batch) { batch.control().pause(); };
  Application app(settings(), route("g", "orders", recorder, with(GetParam())));
  app.start();
  ASSERT_TRUE(all_seen(5));
  const StopReport report = app.stop();
  EXPECT_TRUE(report.in_time);
  EXPECT_EQ(recorder->count(), 5U);
  EXPECT_EQ(committed("g", "orders", 1), std::vector<std::int64_t>{5});
}

TEST_P(PartitionControls, ASeekBackRepeatsFromThereAndCommitsItAtOnce) {
  make_topic("orders");
  produce("orders", 50, 5);
  std::atomic<bool> sought{false};
  std::atomic<bool> looked{false};
  recorder->script = [&](Batch& batch) {
    // All that is done by now is committed already, and `manual` commits nothing by itself.
    if (batch.back().offset().value == 49 && !sought.exchange(true)) {
      ASSERT_TRUE(batch.commit());
      keep(batch.control());
      batch.control().seek(SeekTarget::offset(Offset{20}));
    } else if (sought && !looked.exchange(true)) {
      // Nothing has run since the seek.
      EXPECT_EQ(batch.front().offset(), Offset{20});
      EXPECT_TRUE(eventually([&] { return committed("g", "orders", 1) == std::vector<std::int64_t>{20}; }));
    }
  };
  Application app(settings(), route("g", "orders", recorder, [&](routing::TopicBuilder& topic) {
                    with(GetParam())(topic);
                    topic.commit(routing::Commit::When::manual);
                  }));
  app.start();
  ASSERT_TRUE(eventually([&] { return recorder->count() >= 75; }));
  EXPECT_TRUE(app.stop().in_time);
  const std::vector<int> counts = times(50);
  for (int offset = 0; offset < 50; ++offset) {
    // The asking share's own results change nothing, but it did see its messages.
    const int expected = offset < 20 ? 1 : 2;
    EXPECT_EQ(counts[static_cast<std::size_t>(offset)], expected) << offset;
  }
  EXPECT_EQ(app.figures().seeks, 1U);
  // Its consumer was told, and another one was made.
  ASSERT_EQ(recorder->hooks("revoked").size(), 1U);
  EXPECT_TRUE(recorder->hooks("revoked").front().lost);
  EXPECT_EQ(recorder->hooks("assigned").size(), 2U);
}

TEST_P(PartitionControls, ASeekWaitsForWhatRunsAndTheLastOneWins) {
  make_topic("orders");
  produce("orders", 60, 12);
  Gate gate;
  std::atomic<int> inside{0};
  std::atomic<bool> sought{false};
  std::atomic<bool> told{false};
  recorder->script = [&](Batch& batch) {
    if (batch.front().offset().value >= 40 && sought) {
      EXPECT_EQ(inside.load(), 0) << "an earlier generation still runs";
      return;
    }
    if (sought) return;
    ++inside;
    gate.pass();
    if (!sought.exchange(true)) {
      batch.control().seek(SeekTarget::offset(Offset{10}));
      batch.control().seek(SeekTarget::latest());
    }
    told = told || eventually([&] { return batch.revoked() && batch.lost(); });
    batch.control().seek(SeekTarget::offset(Offset{45}));
    --inside;
  };
  Application app(settings(), route("g", "orders", recorder, with(GetParam(), 4)));
  app.start();
  ASSERT_TRUE(eventually([&] { return inside >= 2; }));
  gate.open();
  EXPECT_TRUE(eventually([&] { return committed("g", "orders", 1) == std::vector<std::int64_t>{60}; }));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_TRUE(told);
  const std::vector<int> counts = times(60);
  for (int offset = 45; offset < 60; ++offset) EXPECT_GE(counts[static_cast<std::size_t>(offset)], 1) << offset;
  // Between what ran at first and the target nothing ran.
  const auto seen = recorder->seen();
  std::uint64_t last_generation = 0;
  for (const Seen& one : seen) last_generation = std::max(last_generation, one.generation);
  for (const Seen& one : seen) {
    if (one.generation == last_generation) EXPECT_GE(one.offset, 45);
  }
}

TEST_P(PartitionControls, ToTheEndAndBackToTheBeginning) {
  make_topic("orders");
  produce("orders", 30, 3);
  std::atomic<int> step{0};
  recorder->script = [&](Batch& batch) {
    if (step == 0) {
      step = 1;
      keep(batch.control());
      batch.control().seek(SeekTarget::latest());
    }
  };
  Application app(settings(), route("g", "orders", recorder, with(GetParam())));
  app.start();
  ASSERT_TRUE(eventually([&] { return committed("g", "orders", 1) == std::vector<std::int64_t>{30}; }));
  EXPECT_EQ(recorder->count(), 5U) << "the asking share alone";
  produce("orders", 5, 1);
  ASSERT_TRUE(all_seen(10));
  EXPECT_EQ(recorder->seen().back().offset, 34);
  kept().seek(SeekTarget::earliest());
  ASSERT_TRUE(all_seen(35));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(committed("g", "orders", 1), std::vector<std::int64_t>{35});
  EXPECT_EQ(app.figures().seeks, 2U);
}

TEST_P(PartitionControls, WhereThereIsNoSuchOffsetThePolicyDecides) {
  make_topic("orders");
  produce("orders", 10, 3);
  std::atomic<bool> sought{false};
  recorder->script = [&](Batch& batch) {
    if (!sought.exchange(true)) batch.control().seek(SeekTarget::offset(Offset{1000}));
  };
  Application app(settings(), route("g", "orders", recorder, with(GetParam())));
  app.start();
  ASSERT_TRUE(all_seen(10));
  ASSERT_TRUE(eventually([&] { return committed("g", "orders", 1) == std::vector<std::int64_t>{10}; }));
  EXPECT_TRUE(app.stop().in_time);
}

TEST_P(PartitionControls, APauseOutlastsASeek) {
  make_topic("orders");
  produce("orders", 20, 3);
  std::atomic<bool> asked{false};
  recorder->script = [&](Batch& batch) {
    if (asked.exchange(true)) return;
    keep(batch.control());
    batch.control().pause();
    batch.control().seek(SeekTarget::offset(Offset{12}));
  };
  Application app(settings(), route("g", "orders", recorder, with(GetParam())));
  app.start();
  ASSERT_TRUE(eventually([&] { return committed("g", "orders", 1) == std::vector<std::int64_t>{12}; }));
  EXPECT_EQ(recorder->count(), 5U);
  kept().resume();
  ASSERT_TRUE(all_seen(13));
  EXPECT_TRUE(app.stop().in_time);
  const std::vector<int> counts = times(20);
  for (int offset = 5; offset < 12; ++offset) EXPECT_EQ(counts[static_cast<std::size_t>(offset)], 0) << offset;
}

INSTANTIATE_TEST_SUITE_P(Flows, PartitionControls, ::testing::Values(Flow::batch, Flow::continuous),
                         [](const auto& test) {
                           return std::string(test.param == Flow::batch ? "batch" : "continuous");
                         });

}  // namespace
}  // namespace braid::application_test
