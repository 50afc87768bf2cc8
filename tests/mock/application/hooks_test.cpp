// on_tick and on_end_of_partition.

#include "mock/application/application_test.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace braid::application_test {
namespace {

using namespace std::chrono_literals;

// What its consumers have flushed, and how far each partition's are. Thread: any.
class Store {
 public:
  void write(std::int32_t partition, const std::vector<std::int64_t>& offsets) {
    const std::scoped_lock lock(mutex_);
    for (const std::int64_t offset : offsets) ++rows_[{partition, offset}];
  }
  [[nodiscard]] std::size_t rows() const {
    const std::scoped_lock lock(mutex_);
    return rows_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::int32_t, std::int64_t>, int> rows_;
};

// Buffers, and flushes by time alone.
class Buffering final : public Consumer {
 public:
  explicit Buffering(std::shared_ptr<Store> store) : store_(std::move(store)) {}

 protected:
  void consume(Batch& batch) override {
    for (const Message& message : batch) buffer_.push_back(message.offset().value);
  }
  void on_tick(const VirtualPartition& where) override {
    if (buffer_.empty()) return;
    store_->write(where.partition().value, buffer_);
    where.mark(Offset{buffer_.back()});
    buffer_.clear();
  }

 private:
  std::shared_ptr<Store> store_;
  std::vector<std::int64_t> buffer_;
};

class Hooks : public ApplicationTest, public ::testing::WithParamInterface<Flow> {
 protected:
  [[nodiscard]] std::size_t called(const std::string& name) const { return recorder->hooks(name).size(); }
  [[nodiscard]] routing::Routes recorded(const Tune& tune) const {
    return route("g", "orders", recorder, [&](routing::TopicBuilder& topic) {
      topic.flow(GetParam());
      tune(topic);
    });
  }
};

TEST_P(Hooks, WhoBuffersAndFlushesByTimeLosesNothingAndIsCommitted) {
  make_topic("orders", 2);
  produce("orders", 500, 20);
  auto store = std::make_shared<Store>();
  const auto routes = [&] {
    return routing::draw([&](routing::RoutesBuilder& r) {
      routing::TopicBuilder topic = r.consumer_group("g").topic("orders");
      topic.consumer("buffering", [store] { return std::make_unique<Buffering>(store); });
      topic.flow(GetParam()).offsets(Offsets::manual).tick_every(20ms).max_messages(10).max_open_offsets(50);
    });
  };
  {
    Application app(settings(), routes());
    app.start();
    // And then the partitions are idle.
    EXPECT_TRUE(eventually([&] { return store->rows() == 500; }));
    EXPECT_TRUE(eventually([&] { return committed("g", "orders", 2) == ends("orders", 2); }));
    produce("orders", 100, 20);
    // A stop in the middle: what is in the buffers goes, and is processed again.
  }
  Application next(settings(), routes());
  next.start();
  EXPECT_TRUE(eventually([&] { return store->rows() == 600; })) << store->rows();
  EXPECT_TRUE(eventually([&] { return committed("g", "orders", 2) == ends("orders", 2); }));
  EXPECT_TRUE(next.stop().in_time);
}

TEST_P(Hooks, ATickNeverRunsBesideAnythingElseOfItsVirtualPartition) {
  make_topic("orders");
  recorder->script = [](Batch&) { std::this_thread::yield(); };
  recorder->in_hook = [](const std::string&, const VirtualPartition&) { std::this_thread::yield(); };
  Application app(settings(), recorded([](routing::TopicBuilder& topic) {
                    topic.tick_every(1ms).end_of_partition().max_messages(5);
                  }));
  app.start();
  std::size_t produced = 0;
  ASSERT_TRUE(eventually([&] {
    // Ends are reached only where what was produced is done; behind ticks of a millisecond that goes slowly.
    if (recorder->distinct() >= produced) {
      produce("orders", 200, 20);
      produced += 200;
    }
    return called("tick") > 1000 && called("end") > 20 && produced >= 1000;
  }));
  ASSERT_TRUE(all_seen(produced));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(recorder->overlaps(), 0);
  EXPECT_EQ(recorder->count(), produced);
  EXPECT_EQ(order_fault(recorder->seen()), "");
  EXPECT_EQ(recorder->alive(), 0);
  EXPECT_EQ(committed("g", "orders", 1), ends("orders", 1));
}

TEST_P(Hooks, AnExceptionInATickDoesNoHarm) {
  make_topic("orders");
  produce("orders", 50, 1);
  recorder->in_hook = [](const std::string& name, const VirtualPartition&) {
    if (name == "tick" || name == "end") throw std::runtime_error("no database");
  };
  Application app(settings(), recorded([](routing::TopicBuilder& topic) {
                    topic.tick_every(5ms).end_of_partition().virtual_partitions({.max_partitions = 1});
                  }));
  app.start();
  ASSERT_TRUE(all_seen(50));
  ASSERT_TRUE(eventually([&] { return called("tick") >= 3; }));
  produce("orders", 50, 1);
  ASSERT_TRUE(all_seen(100));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(app.figures().attempts_failed, 0U);
  EXPECT_EQ(called("stopping"), 1U);
  EXPECT_EQ(committed("g", "orders", 1), std::vector<std::int64_t>{100});
  EXPECT_GE(log.count("orders/0: on_tick of virtual partition 0 failed: std::runtime_error: no database"), 3U);
  EXPECT_GE(log.count("orders/0: on_end_of_partition of virtual partition 0 failed"), 1U);
}

TEST_P(Hooks, AnEndIsToldOnceForEachTimeItIsReached) {
  make_topic("orders");
  produce("orders", 20, 1);
  Application app(settings(), recorded([](routing::TopicBuilder& topic) {
                    topic.end_of_partition().virtual_partitions({.max_partitions = 1});
                  }));
  app.start();
  ASSERT_TRUE(eventually([&] { return called("end") == 1; }));
  EXPECT_EQ(recorder->count(), 20U) << "behind all that came before it";
  // One message is one end, however it is fetched.
  for (std::size_t more = 1; more <= 3; ++more) {
    produce("orders", 1, 1);
    ASSERT_TRUE(eventually([&] { return called("end") >= 1 + more; }));
    EXPECT_EQ(recorder->count(), 20U + more);
  }
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(called("end"), 4U);
  EXPECT_EQ(recorder->overlaps(), 0);
}

TEST_P(Hooks, ALongTickDelaysTheFarewellAndIsWaitedFor) {
  make_topic("orders");
  produce("orders", 10, 1);
  auto gate = std::make_shared<Gate>();
  std::atomic<bool> ended{false};
  recorder->in_hook = [&, gate](const std::string& name, const VirtualPartition&) {
    if (name != "tick") return;
    gate->pass();
    ended = true;
  };
  std::atomic<bool> ended_before_farewell{false};
  Application app(settings(), recorded([](routing::TopicBuilder& topic) {
                    topic.tick_every(5ms).virtual_partitions({.max_partitions = 1});
                  }));
  app.start();
  ASSERT_TRUE(eventually([&] { return gate->waiting() == 1; }));
  produce("orders", 10, 1);
  std::jthread stop([&] { EXPECT_TRUE(app.stop().in_time); });
  // The stop can't end: its only job is in the hook.
  EXPECT_FALSE(eventually([&] { return called("stopping") > 0; }, 100ms));
  ended_before_farewell = !ended;
  gate->open();
  stop.join();
  EXPECT_TRUE(ended_before_farewell && ended);
  EXPECT_EQ(called("stopping"), 1U);
  EXPECT_EQ(recorder->overlaps(), 0);
  EXPECT_EQ(recorder->alive(), 0);
}

// What began behind the drain has not overrun it, however early that was over.
TEST_P(Hooks, ALongFarewellIsWaitedForThoughNothingWasToDrain) {
  make_topic("orders");
  produce("orders", 10, 1);
  auto gate = std::make_shared<Gate>();
  recorder->in_hook = [gate](const std::string& name, const VirtualPartition&) {
    if (name == "stopping") gate->pass();
  };
  Application app(settings(),
                  recorded([](routing::TopicBuilder& topic) { topic.virtual_partitions({.max_partitions = 1}); }));
  app.start();
  ASSERT_TRUE(all_seen(10));
  std::jthread stop([&] { EXPECT_TRUE(app.stop().in_time); });
  ASSERT_TRUE(eventually([&] { return gate->waiting() == 1; }));
  // Its listener looks at least each second.
  EXPECT_FALSE(eventually([&] { return app.state() == ApplicationState::stopped; }, 1200ms));
  gate->open();
  stop.join();
  EXPECT_EQ(called("stopping"), 1U);
  EXPECT_EQ(recorder->alive(), 0);
}

TEST_P(Hooks, ATickThatOverrunsTheStopSaysTheFarewellItself) {
  make_topic("orders");
  produce("orders", 10, 1);
  auto gate = std::make_shared<Gate>();
  recorder->in_hook = [gate](const std::string& name, const VirtualPartition&) {
    if (name == "tick") gate->pass();
  };
  Application app(settings(), recorded([](routing::TopicBuilder& topic) {
                    topic.tick_every(5ms).virtual_partitions({.max_partitions = 1});
                  }));
  app.start();
  ASSERT_TRUE(eventually([&] { return gate->waiting() == 1; }));
  EXPECT_FALSE(app.stop(300ms).in_time);
  EXPECT_EQ(called("stopping"), 0U);
  gate->open();
  EXPECT_TRUE(eventually([&] { return recorder->alive() == 0; }));
  EXPECT_EQ(called("stopping"), 1U);
  EXPECT_EQ(recorder->overlaps(), 0);
}

INSTANTIATE_TEST_SUITE_P(Flows, Hooks, ::testing::Values(Flow::batch, Flow::continuous),
                         [](const auto& tested) { return tested.param == Flow::batch ? "batch" : "continuous"; });

}  // namespace
}  // namespace braid::application_test
