#include "mock/application/application_test.hpp"

#include <stdexcept>

namespace braid::application_test {
namespace {

class Stalled : public ApplicationTest {
 protected:
  // What is said of a partition that does not move; the end of the line.
  [[nodiscard]] std::string waits_for() const {
    const std::string text = log.text();
    const std::size_t at = text.find("it waits for ");
    return at == std::string::npos ? std::string() : text.substr(at, text.find('\n', at) - at);
  }
  void run(const Tune& tune, const std::string& expected) {
    make_topic("orders");
    produce("orders", 10, 1);
    Application app(settings(), route("g", "orders", recorder, [&](auto& t) {
                      t.stalled_after(300ms);
                      tune(t);
                    }));
    app.start();
    ASSERT_TRUE(eventually([&] { return !waits_for().empty(); })) << app.dump();
    EXPECT_NE(waits_for().find(expected), std::string::npos) << waits_for();
    EXPECT_GT(log.count("orders/0: has not moved for "), 0U);
    if (release) {
      release();
      EXPECT_TRUE(eventually([&] { return log.count("orders/0: goes on; it had stood still for ") == 1; }));
    }
    app.stop(2s);
  }
  std::function<void()> release;
};

TEST_F(Stalled, ByAJob) {
  auto gate = std::make_shared<Gate>();
  recorder->script = [gate](Batch&) { gate->pass(); };
  release = [gate] { gate->open(); };
  run([](auto&) {}, "a job: virtual partition ");
  EXPECT_NE(waits_for().find("key 'k0'"), std::string::npos) << waits_for();
  EXPECT_EQ(log.count("has not moved for "), 1U) << "once, and rarely";
}

TEST_F(Stalled, ByARetry) {
  recorder->script = [](Batch&) { throw std::runtime_error("never"); };
  run([](auto& t) { t.retries({.backoff = braid::exponential(1h, 1h)}); }, "a retry: virtual partition ");
}

TEST_F(Stalled, ByAPause) {
  std::optional<PartitionControl> control;
  std::mutex mutex;
  recorder->script = [&](Batch& batch) {
    const std::scoped_lock lock(mutex);
    if (control) return;
    control = batch.control();
    control->pause();
  };
  release = [&] {
    const std::scoped_lock lock(mutex);
    control->resume();
  };
  run([](auto& t) { t.max_messages(2); }, "the end of a pause, or a seek, which somebody has to end");
}

TEST_F(Stalled, ByMarksThatDoNotCome) {
  run([](auto& t) { t.offsets(Offsets::manual); }, "marks: 10 offsets were handed over");
}

TEST_F(Stalled, ByAFilter) {
  run([](auto& t) { t.filter(braid::delay(1h)); }, "a filter, for another ");
}

TEST_F(Stalled, ByMaxWait) {
  make_topic("late");
  Application app(settings(), route("g", "late", recorder,
                                    [](auto& t) { t.stalled_after(300ms).max_wait(30min).max_messages(1000); }));
  app.start();
  ASSERT_TRUE(eventually([&] { return app.figures().assignments == 1; }));
  produce("late", 10, 1);
  if (!eventually([&] { return recorder->distinct() == 10 || !waits_for().empty(); })) FAIL() << app.dump();
}

TEST_F(Stalled, WhereNothingWaitsOrNobodyAskedNothingIsSaid) {
  make_topic("orders");
  make_topic("bills");
  produce("orders", 10, 1);
  produce("bills", 10, 1);
  Application idle(settings(), route("g", "orders", recorder, [](auto& t) { t.stalled_after(100ms); }));
  auto gate = std::make_shared<Gate>();
  auto others = std::make_shared<Recorder>();
  others->script = [gate](Batch&) { gate->pass(); };
  Application never(settings(), route("h", "bills", others, [](auto& t) { t.stalled_after(0ms); }));
  idle.start();
  never.start();
  ASSERT_TRUE(all_seen(10));
  ASSERT_TRUE(eventually([&] { return gate->waiting() == 1; }));
  EXPECT_FALSE(eventually([&] { return log.count("has not moved for ") > 0; }, 3s)) << log.text();
  gate->open();
}

}  // namespace
}  // namespace braid::application_test
