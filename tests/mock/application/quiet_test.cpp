#include "mock/application/application_test.hpp"

#include <stdexcept>

namespace braid::application_test {
namespace {

class Quiet : public ApplicationTest {};

// What is in hand is finished and committed at once, nothing more is taken, and the group does not notice.
TEST_F(Quiet, FinishesCommitsAndStaysAMember) {
  make_topic("orders", 2);
  produce("orders", 2000, 20);
  auto gate = std::make_shared<Gate>();
  recorder->script = [gate](Batch&) { gate->pass(); };
  Settings long_interval = settings();
  long_interval.commit_interval = 10min;
  Application app(long_interval, route("g", "orders", recorder, [](auto& t) { t.max_messages(10); }));
  EXPECT_EQ(app.state(), ApplicationState::idle);
  app.start();
  EXPECT_EQ(app.state(), ApplicationState::running);
  ASSERT_TRUE(eventually([&] { return gate->waiting() > 0; }));
  app.quiet();
  app.quiet();
  ASSERT_TRUE(eventually([&] { return app.dump().find("finishes, to be quiet") != std::string::npos; }));
  EXPECT_EQ(app.state(), ApplicationState::quieting) << "jobs run";
  gate->open();
  ASSERT_TRUE(eventually([&] { return app.state() == ApplicationState::quiet; })) << app.dump();
  const std::size_t taken = app.figures().messages_taken;
  EXPECT_LT(taken, 2000U) << "it took on";
  EXPECT_EQ(recorder->count(), taken) << "what was taken was not finished";
  std::int64_t position = 0;
  for (const std::int64_t one : committed("g", "orders", 2)) position += std::max<std::int64_t>(one, 0);
  EXPECT_EQ(position, static_cast<std::int64_t>(taken))
      << "what is done is not committed, though the state says so";

  produce("orders", 200, 20);
  EXPECT_FALSE(eventually([&] { return app.figures().messages_taken > taken; }, 1500ms)) << "it takes what comes";
  EXPECT_EQ(app.figures().revocations, 0U) << "it left the group";
  EXPECT_EQ(log.count("quiet: nothing more is taken"), 1U);
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(app.state(), ApplicationState::stopped);
}

// A batch that would wait for more is handed over: no more comes.
TEST_F(Quiet, WhatIsGatheredDoesNotWaitForMore) {
  for (const Flow flow : {Flow::batch, Flow::continuous}) {
    const std::string topic = flow == Flow::batch ? "batches" : "streams";
    make_topic(topic);
    auto others = std::make_shared<Recorder>();
    Application app(settings(), route("g-" + topic, topic, others,
                                      [&](auto& t) { t.flow(flow).max_messages(1000).max_wait(10min); }));
    app.start();
    // Beyond the end of the partition that the first look meets.
    ASSERT_TRUE(eventually([&] { return app.figures().assignments == 1; }));
    produce(topic, 20);
    ASSERT_TRUE(eventually([&] { return app.figures().messages_taken == 20; }));
    app.quiet();
    EXPECT_TRUE(eventually([&] { return app.state() == ApplicationState::quiet; })) << app.dump();
    EXPECT_EQ(others->count(), 20U);
    app.stop();
  }
}

// A retry is part of finishing.
TEST_F(Quiet, WhatFailsIsTriedAgain) {
  make_topic("orders");
  produce("orders", 10, 1);
  std::atomic<int> attempts{0};
  recorder->script = [&](Batch&) {
    if (++attempts < 3) throw std::runtime_error("not yet");
  };
  Application app(settings(), route("g", "orders", recorder,
                                    [](auto& t) { t.retries({.backoff = braid::exponential(200ms, 200ms)}); }));
  app.start();
  ASSERT_TRUE(eventually([&] { return attempts > 0; }));
  app.quiet();
  ASSERT_TRUE(eventually([&] { return app.state() == ApplicationState::quiet; })) << app.dump();
  EXPECT_GE(attempts, 3);
  EXPECT_EQ(recorder->distinct(), app.figures().messages_taken);
}

}  // namespace
}  // namespace braid::application_test
