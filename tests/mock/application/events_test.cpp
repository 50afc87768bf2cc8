// What an application tells, over a whole life, and that it is true.

#include "mock/application/application_test.hpp"

#include <braid/monitor.hpp>
#include <braid/transactional_producer.hpp>

#include <boost/json/parse.hpp>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <variant>

namespace braid::application_test {
namespace {

class Events : public ApplicationTest {
 protected:
  // Hears of everything from here on.
  void listen(Application& application) {
    subscription_ = application.monitor().subscribe_all([this](const Event& event, Monitor::Moment) {
      const std::lock_guard lock(mutex_);
      events_.push_back(event);
    });
  }
  template <class E>
  std::vector<E> told() {
    const std::lock_guard lock(mutex_);
    std::vector<E> found;
    for (const Event& event : events_) {
      if (const E* const one = std::get_if<E>(&event)) found.push_back(*one);
    }
    return found;
  }
  template <class E>
  std::optional<E> last_of(int partition) {
    std::optional<E> last;
    for (const E& event : told<E>()) {
      if (event.where.partition == partition) last = event;
    }
    return last;
  }
  [[nodiscard]] std::string_view last_name() {
    const std::lock_guard lock(mutex_);
    return event_name(events_.back().index());
  }
  [[nodiscard]] Settings measured() const {
    Settings quick = settings();
    quick.monitor = std::make_shared<Monitor>(Monitor::Settings{.measure_each = 1s});
    return quick;
  }

 private:
  std::mutex mutex_;
  std::vector<Event> events_;
  Subscription subscription_;
};

TEST_F(Events, TellAWholeLife) {
  make_topic("orders", 2);
  produce("orders", 200, 20);
  Application app(measured(), route("g", "orders", recorder, [](auto& t) { t.max_messages(10); }));
  listen(app);
  app.start();
  ASSERT_TRUE(all_seen(200));
  const auto at_the_end = [&](int partition) {
    const auto last = last_of<events::PartitionMeasured>(partition);
    return last && last->committed_lag == 0 && last->processed_lag == 0 && last->open_offsets == 0;
  };
  EXPECT_TRUE(eventually([&] { return at_the_end(0) && at_the_end(1); }));
  EXPECT_TRUE(app.stop().in_time);

  const auto started = told<events::ApplicationStarted>();
  ASSERT_EQ(started.size(), 1U);
  EXPECT_EQ(started[0].topics, 1U);
  EXPECT_EQ(started[0].workers, measured().concurrency);
  const auto connections = told<events::ConnectionStarted>();
  ASSERT_EQ(connections.size(), 1U);
  EXPECT_EQ(connections[0].where.consumer_group, "g");
  EXPECT_EQ(connections[0].down_for, 0ms);
  std::size_t assigned = 0;
  for (const auto& one : told<events::PartitionsAssigned>()) assigned += one.partitions.size();
  EXPECT_EQ(assigned, app.figures().assignments);
  EXPECT_EQ(told<events::PartitionsAssigned>().back().held, 2U);
  EXPECT_EQ(told<events::PartitionStarted>().size(), 2U);

  const auto end = ends("orders", 2);
  std::map<int, std::int64_t> messages;
  for (const auto& batch : told<events::BatchSettled>()) {
    messages[batch.where.partition] += batch.messages;
    EXPECT_GT(batch.took, 0us);
    EXPECT_LE(batch.largest_share, batch.messages);
  }
  EXPECT_EQ(messages[0], end[0]);
  EXPECT_EQ(messages[1], end[1]);
  std::uint64_t begun = 0;
  for (const auto& job : told<events::JobStarted>()) begun += job.share.messages;
  EXPECT_EQ(begun, 200U);
  EXPECT_EQ(told<events::JobStarted>().size(), told<events::JobEnded>().size());
  std::map<int, std::int64_t> committed;
  for (const auto& commit : told<events::PositionsCommitted>()) {
    EXPECT_EQ(commit.consumer_group, "g");
    for (const auto& partition : commit.partitions) committed[partition.partition] = partition.position;
  }
  EXPECT_EQ(committed[0], end[0]);
  EXPECT_EQ(committed[1], end[1]);
  EXPECT_EQ(told<events::PartitionsRevoked>().size(), 1U);
  EXPECT_EQ(told<events::ApplicationStopping>().size(), 1U);
  ASSERT_EQ(told<events::ApplicationStopped>().size(), 1U);
  EXPECT_TRUE(told<events::ApplicationStopped>()[0].in_time);
  EXPECT_EQ(last_name(), "application.stopped") << "and all are delivered when stop() returns";
  EXPECT_EQ(app.monitor().dropped(), 0U);
}

// A consumer that stands still is seen in the figures, from the one that does to the messages behind it.
TEST_F(Events, LagIsToldWhileAJobStandsStill) {
  for (const Flow flow : {Flow::batch, Flow::continuous}) {
    const std::string topic = flow == Flow::batch ? "batches" : "streams";
    make_topic(topic);
    produce(topic, 100, 10);
    auto gate = std::make_shared<Gate>();
    auto others = std::make_shared<Recorder>();
    others->script = [gate](Batch&) { gate->pass(); };
    Application app(measured(),
                    route("g-" + topic, topic, others, [&](auto& t) { t.flow(flow).max_messages(10); }));
    listen(app);
    app.start();
    ASSERT_TRUE(eventually([&] {
      const auto now = last_of<events::PartitionMeasured>(0);
      return now && now->where.topic == topic && now->oldest_open_age && *now->oldest_open_age >= 1s;
    }));
    const auto now = last_of<events::PartitionMeasured>(0);
    EXPECT_EQ(now->oldest_open, 0);
    EXPECT_EQ(now->end, 100);
    EXPECT_EQ(now->processed_lag, 100);
    EXPECT_GT(now->open_offsets, 0U);
    EXPECT_GT(now->bytes_held, 0U);
    gate->open();
    EXPECT_TRUE(eventually([&] {
      const auto later = last_of<events::PartitionMeasured>(0);
      return later->committed_lag == 0 && later->processed_lag == 0 && later->open_offsets == 0 &&
             later->bytes_held == 0 && !later->oldest_open_age;
    }));
    EXPECT_TRUE(app.stop().in_time);
  }
}

// What consumers produce is told by the application's producer, and clients by their statistics.
TEST_F(Events, TellOfRecordsAndOfClients) {
  make_topic("orders");
  make_topic("invoices");
  produce("orders", 100, 10);
  recorder->script = [](Batch& batch) {
    for (const Message& message : batch) {
      static_cast<void>(batch.produce({.topic = "invoices", .payload = message.payload()}, message));
    }
  };
  Application app(measured(), route("g", "orders", recorder, [](auto& t) { t.max_messages(10); }));
  listen(app);
  app.start();
  ASSERT_TRUE(all_seen(100));
  EXPECT_TRUE(eventually([&] {
    bool consumer = false;
    bool producer = false;
    for (const auto& client : told<events::ClientMeasured>()) {
      const bool reaches = !client.brokers.empty() && client.brokers[0].up && client.received_bytes > 0;
      (client.is_producer ? producer : consumer) |= reaches && client.brokers[0].round_trip > 0us;
    }
    return consumer && producer;
  }));
  EXPECT_TRUE(app.stop().in_time);
  std::uint64_t delivered = 0;
  for (const auto& sum : told<events::RecordsDelivered>()) {
    EXPECT_EQ(sum.producer, "braid-p-app");
    EXPECT_EQ(sum.failed, 0U);
    delivered += sum.delivered;
  }
  EXPECT_EQ(delivered, 100U);
  for (const auto& client : told<events::ClientMeasured>()) {
    if (!client.is_producer && !client.group_state.empty()) return;
  }
  ADD_FAILURE() << "no consumer's client tells of its group";
}

TEST_F(Events, TellOfTransactions) {
  make_topic("orders");
  const auto monitor = std::make_shared<Monitor>();
  std::vector<events::TransactionCommitted> committed;
  std::vector<events::TransactionAborted> aborted;
  monitor->subscribe<events::TransactionCommitted>([&](const auto& event) { committed.push_back(event); }).keep();
  monitor->subscribe<events::TransactionAborted>([&](const auto& event) { aborted.push_back(event); }).keep();
  TransactionalProducer producer(
      {.kafka = {{"bootstrap.servers", cluster.bootstrap()}}, .transactional_id = "shop-1", .monitor = monitor});
  ASSERT_TRUE(producer
                  .transaction([](Transaction& tx) -> Result<void> {
                    for (const char* payload : {"1", "2"}) {
                      if (auto sent = tx.produce({.topic = "orders", .payload = payload}); !sent)
                        return sent.error();
                    }
                    return {};
                  })
                  .ok());
  EXPECT_FALSE(producer.transaction([](Transaction& tx) { tx.abort("no apples left"); }).ok());
  ASSERT_TRUE(monitor->flush(30s));
  ASSERT_EQ(committed.size(), 1U);
  EXPECT_EQ(committed[0].transactional_id, "shop-1");
  EXPECT_EQ(committed[0].records, 2U);
  ASSERT_EQ(aborted.size(), 1U);
  EXPECT_EQ(aborted[0].kind, Error::Kind::aborted);
}

// By a logger of the test's, as JSON.
TEST_F(Events, AreTheStoryOfTheLog) {
  make_topic("orders");
  produce("orders", 200, 20);
  std::ostringstream out;
  Settings told_settings = settings();
  told_settings.log_level = LogLevel::info;
  told_settings.log = {.areas = {{"kafka", LogLevel::off}}, .form = LogSettings::Form::json, .story = true};
  told_settings.log.logger =
      std::make_shared<spdlog::logger>("host", std::make_shared<spdlog::sinks::ostream_sink_mt>(out));
  told_settings.log.logger->set_pattern("%v");
  {
    Application app(told_settings, route("g", "orders", recorder, [](auto& t) { t.max_messages(10); }));
    app.start();
    ASSERT_TRUE(all_seen(200));
    EXPECT_TRUE(app.stop().in_time);
  }
  std::istringstream lines(out.str());
  std::int64_t messages = 0;
  int chapters = 0;
  bool started = false;
  for (std::string line; std::getline(lines, line);) {
    const auto object = boost::json::parse(line).as_object();
    EXPECT_NE(object.at("area").as_string(), "kafka");
    started = started || object.at("text").as_string().starts_with("started: 1 topics");
    if (object.at("area").as_string() != "batch") continue;
    ++chapters;
    EXPECT_EQ(object.at("topic").as_string(), "orders");
    messages += object.at("messages").as_int64();
  }
  EXPECT_TRUE(started);
  EXPECT_EQ(messages, 200) << out.str();
  EXPECT_LE(chapters, 3) << "few lines: " << out.str();
}

// Neither a slow subscriber nor one that throws is any of the consumers' business.
TEST_F(Events, SubscribersHurtNobody) {
  make_topic("orders");
  produce("orders", 200, 20);
  Application app(settings(), route("g", "orders", recorder, [](auto& t) { t.max_messages(10); }));
  auto gate = std::make_shared<Gate>();
  const auto throwing =
      app.monitor().subscribe<events::JobStarted>([](const auto&) { throw std::runtime_error("no disk"); });
  auto slow = app.monitor().subscribe<events::JobEnded>([gate](const auto&) { gate->pass(); });
  app.start();
  EXPECT_TRUE(all_seen(200));
  EXPECT_TRUE(eventually([&] { return log.count("a subscriber of job.started threw (1 times so far)") == 1; }));
  const auto before = std::chrono::steady_clock::now();
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_LT(std::chrono::steady_clock::now() - before, 30s) << "the stop waits for events a moment only";
  gate->open();
}

}  // namespace
}  // namespace braid::application_test
