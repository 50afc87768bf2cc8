#include "mock/application/application_test.hpp"

#include <braid/recovery.hpp>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>

namespace braid::application_test {
namespace {

using testing::Api;
using testing::BrokerError;
namespace names = dead_letter_headers;

// What arrived in a topic of dead letters, by the offset that it is from.
class Letters {
 public:
  struct Letter {
    std::int32_t partition = 0;
    bool has_key = false;
    bool has_payload = false;
    std::map<std::string, std::string> headers;
  };
  void note(const Message& message) {
    Letter letter{message.partition().value, message.has_key(), message.has_payload(), {}};
    for (const Header& header : message.headers())
      letter.headers[std::string(header.name)] = header.value.value_or("");
    const std::scoped_lock lock(mutex_);
    letters_[letter.headers[std::string(names::kPartition)] + "/" + letter.headers[std::string(names::kOffset)]]
        .push_back(std::move(letter));
  }
  [[nodiscard]] std::map<std::string, std::vector<Letter>> all() const {
    const std::scoped_lock lock(mutex_);
    return letters_;
  }
  [[nodiscard]] std::size_t count() const { return all().size(); }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<Letter>> letters_;
};

class DeadLetterApplication : public ApplicationTest {
 protected:
  [[nodiscard]] routing::Routes with_dead_letters(const Tune& tune = {}) {
    return route("g", "orders", recorder, [tune](routing::TopicBuilder& topic) {
      topic.virtual_partitions({.max_partitions = 1});
      topic.retries({.max = 1, .backoff = fixed(20ms)}).dead_letter("orders.dlq");
      if (tune) tune(topic);
    });
  }
  // An application of its own that reads the dead letters.
  void read_letters(const std::string& bootstrap = "") {
    Settings reading = settings();
    if (!bootstrap.empty()) reading.kafka["bootstrap.servers"] = bootstrap;
    reader_.emplace(reading, route("readers", "orders.dlq", reading_));
    reading_->script = [this](Batch& batch) {
      for (const Message& message : batch) letters->note(message);
    };
    reader_->start();
  }
  void stop_reading() { reader_->stop(); }

  std::shared_ptr<Letters> letters = std::make_shared<Letters>();

 private:
  std::shared_ptr<Recorder> reading_ = std::make_shared<Recorder>();
  std::optional<Application> reader_;
};

void fail_at_50(Batch& batch) {
  for (const Message& message : batch) {
    if (message.payload() == "50") throw std::runtime_error("poison");
  }
}

TEST_F(DeadLetterApplication, ThePoisonGoesAndNothingElse) {
  make_topic("orders");
  make_topic("orders.dlq", 3);
  produce("orders", 60, 1);
  for (const Flow flow : {Flow::batch, Flow::continuous}) {
    const std::string group = flow == Flow::batch ? "g1" : "g2";
    recorder = std::make_shared<Recorder>();
    recorder->script = fail_at_50;
    auto routes = with_dead_letters([&](routing::TopicBuilder& topic) { topic.flow(flow).max_messages(60); });
    routes.consumer_groups[0].id = group;
    Application app(settings(), std::move(routes));
    app.start();
    EXPECT_TRUE(all_seen(59));
    EXPECT_TRUE(eventually([&] { return app.figures().dead_letters == 1; }));
    EXPECT_TRUE(app.stop().in_time);
    EXPECT_EQ(recorder->count(), 59U);
    EXPECT_EQ(app.figures().messages_done, 59U);
    EXPECT_EQ(committed(group, "orders", 1), std::vector<std::int64_t>{60});
  }
  read_letters();
  EXPECT_TRUE(eventually([&] { return letters->count() >= 1 && letters->all().begin()->second.size() == 2; }));
  stop_reading();
  const auto all = letters->all();
  ASSERT_EQ(all.size(), 1U);
  ASSERT_EQ(all.begin()->first, "0/50");
  for (const auto& letter : all.begin()->second) {
    EXPECT_EQ(letter.headers.at(std::string(names::kTopic)), "orders");
    EXPECT_EQ(letter.headers.at(std::string(names::kErrorText)), "poison");
    EXPECT_EQ(letter.headers.at(std::string(names::kAttempts)), "2");
    EXPECT_TRUE(letter.has_key);
    EXPECT_TRUE(letter.has_payload);
  }
}

TEST_F(DeadLetterApplication, TheirPartitionIsTheOriginalOneModuloTheTopics) {
  make_topic("orders", 5);
  make_topic("orders.dlq", 3);
  for (std::int32_t partition = 0; partition < 5; ++partition) {
    // Neither key nor payload: the client library would spread these.
    Record record{
        .topic = "orders", .key = {}, .payload = {}, .partition = PartitionNumber{partition}, .headers = {}};
    for (int i = 0; i < 4; ++i) send(record);
  }
  recorder->script = [](Batch& batch) {
    for (const Message& message : batch) batch.dead_letter(message, "all of them");
  };
  Application app(settings(), with_dead_letters());
  app.start();
  EXPECT_TRUE(eventually([&] { return app.figures().dead_letters == 20; }));
  app.stop();
  EXPECT_EQ(committed("g", "orders", 5), (std::vector<std::int64_t>{4, 4, 4, 4, 4}));
  read_letters();
  EXPECT_TRUE(eventually([&] { return letters->count() == 20; }));
  stop_reading();
  for (const auto& [from, copies] : letters->all()) {
    EXPECT_EQ(copies.size(), 1U) << from;
    EXPECT_EQ(copies[0].partition, (from[0] - '0') % 3) << from;
    EXPECT_FALSE(copies[0].has_key);
    EXPECT_FALSE(copies[0].has_payload);
  }
}

TEST_F(DeadLetterApplication, OneThatTheBrokerRefusesIsSentAgainAndNotCommittedBefore) {
  make_topic("orders");
  make_topic("orders.dlq");
  produce("orders", 10, 1);
  recorder->script = [](Batch& batch) {
    for (const Message& message : batch) {
      if (message.payload() == "4") throw MessageFailed(message, "poison");
    }
  };
  cluster.fail_next(Api::produce, {BrokerError::topic_not_authorized, BrokerError::topic_not_authorized,
                                   BrokerError::request_timed_out, BrokerError::topic_not_authorized});
  Application app(settings(), with_dead_letters());
  app.start();
  EXPECT_TRUE(eventually([&] { return app.figures().dead_letters == 1; }));
  EXPECT_TRUE(all_seen(9));
  app.stop();
  EXPECT_GE(app.figures().dead_letters_failed, 1U);
  EXPECT_EQ(committed("g", "orders", 1), std::vector<std::int64_t>{10});
  read_letters();
  EXPECT_TRUE(eventually([&] { return letters->count() == 1; }));
  stop_reading();
}

TEST_F(DeadLetterApplication, ATopicThatDoesNotExistYetIsWaitedFor) {
  make_topic("orders");
  make_topic("orders.dlq");
  cluster.set_topic_error("orders.dlq", BrokerError::unknown_topic);
  produce("orders", 10, 1);
  recorder->script = [](Batch& batch) {
    for (const Message& message : batch) {
      if (message.payload() == "4") throw MessageFailed(message, "poison");
    }
  };
  Application app(settings(), with_dead_letters());
  app.start();
  ASSERT_TRUE(eventually([&] { return app.figures().dead_letters_failed >= 1; }));
  EXPECT_EQ(app.figures().dead_letters, 0U);
  cluster.set_topic_error("orders.dlq", BrokerError::none);
  EXPECT_TRUE(eventually([&] { return app.figures().dead_letters == 1; }));
  EXPECT_TRUE(all_seen(9));
  app.stop();
  EXPECT_EQ(committed("g", "orders", 1), std::vector<std::int64_t>{10});
}

TEST_F(DeadLetterApplication, AStopDoesNotWaitForATopicThatIsNotThereAndCommitsNothingOfIt) {
  make_topic("orders");
  make_topic("orders.dlq");
  cluster.set_topic_error("orders.dlq", BrokerError::unknown_topic);
  produce("orders", 10, 1);
  std::atomic<bool> mended{false};
  recorder->script = [&](Batch& batch) {
    for (const Message& message : batch) {
      if (message.payload() == "4" && !mended) throw MessageFailed(message, "poison");
      batch.mark(message);
    }
  };
  {
    Application app(settings(), with_dead_letters());
    app.start();
    ASSERT_TRUE(eventually([&] { return app.figures().attempts_failed >= 2; }));
    EXPECT_TRUE(app.stop().in_time);
    EXPECT_EQ(app.figures().dead_letters, 0U);
  }
  EXPECT_EQ(committed("g", "orders", 1), std::vector<std::int64_t>{4});
  mended = true;
  Application app(settings(), with_dead_letters());
  app.start();
  EXPECT_TRUE(all_seen(6)) << "nothing is lost";
  app.stop();
  EXPECT_EQ(committed("g", "orders", 1), std::vector<std::int64_t>{10});
}

// The partition goes to another member while its letter is on the way.
TEST_F(DeadLetterApplication, NothingIsLostWhereAPartitionMovesBeforeTheAcknowledgement) {
  make_topic("orders", 2);
  make_topic("orders.dlq", 2);
  cluster.set_topic_error("orders.dlq", BrokerError::unknown_topic);
  produce("orders", 10, 1, 0);
  produce("orders", 10, 1, 1);
  recorder->script = [](Batch& batch) {
    for (const Message& message : batch) {
      if (message.payload() == "4" || message.payload() == "14") throw MessageFailed(message, "poison");
      batch.mark(message);
    }
  };
  Application first(settings(), with_dead_letters());
  first.start();
  ASSERT_TRUE(eventually([&] { return first.figures().dead_letters_failed >= 1; }));
  Application second(settings(), with_dead_letters());
  second.start();
  ASSERT_TRUE(eventually([&] { return second.figures().attempts_failed >= 2; })) << "it has one of the two";
  cluster.set_topic_error("orders.dlq", BrokerError::none);
  EXPECT_TRUE(eventually([&] { return first.figures().dead_letters + second.figures().dead_letters >= 2; }));
  EXPECT_TRUE(all_seen(10)) << "what is behind the poison";
  second.stop();
  first.stop();
  EXPECT_EQ(committed("g", "orders", 2), (std::vector<std::int64_t>{10, 10}));
  read_letters();
  EXPECT_TRUE(eventually([&] { return letters->count() == 2; }));
  stop_reading();
  EXPECT_TRUE(letters->all().contains("0/4"));
  EXPECT_TRUE(letters->all().contains("1/4"));
}

TEST_F(DeadLetterApplication, AWrongSettingIsToldAtTheStart) {
  make_topic("orders");
  Settings wrong = settings();
  wrong.kafka["max.in.flight"] = "100";  // too many for an idempotent producer
  Application app(wrong, with_dead_letters());
  EXPECT_THROW(app.start(), std::invalid_argument);
}

// Two clusters that have the same topics.
TEST_F(DeadLetterApplication, TheyStayOnTheClusterOfTheirGroup) {
  const EmbeddedCluster other{{.brokers = 1, .topics = {{"orders", 1, 1}, {"orders.dlq", 1, 1}}}};
  make_topic("orders");
  make_topic("orders.dlq");
  produce("orders", 4, 1);
  Producer there({.kafka = {{"bootstrap.servers", other.bootstrap()}}, .log_level = LogLevel::off});
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(there.produce_sync({.topic = "orders", .key = "k", .payload = std::to_string(i)}).ok());
  }
  const auto fails = [](std::string_view payload) {
    return [payload](Batch& batch) {
      for (const Message& message : batch) {
        if (message.payload() == payload) throw MessageFailed(message, "poison");
        batch.mark(message);
      }
    };
  };
  recorder->script = fails("3");
  auto routes = with_dead_letters();
  recorder = std::make_shared<Recorder>();
  recorder->script = fails("7");
  auto elsewhere = with_dead_letters();
  elsewhere.consumer_groups[0].id = "there";
  for (auto& subscription_group : elsewhere.consumer_groups[0].subscription_groups) {
    subscription_group.id = "there";
    subscription_group.kafka["bootstrap.servers"] = other.bootstrap();
    for (auto& topic : subscription_group.topics) topic.kafka["bootstrap.servers"] = other.bootstrap();
  }
  routes.consumer_groups.push_back(elsewhere.consumer_groups[0]);
  Application app(settings(), std::move(routes));
  app.start();
  EXPECT_TRUE(eventually([&] { return app.figures().dead_letters == 2; }));
  EXPECT_TRUE(app.stop().in_time);

  read_letters();
  EXPECT_TRUE(eventually([&] { return letters->count() >= 1; }));
  stop_reading();
  const auto of_here = letters->all();
  EXPECT_EQ(of_here.size(), 1U);
  EXPECT_TRUE(of_here.contains("0/3")) << of_here.begin()->first;

  letters = std::make_shared<Letters>();
  read_letters(other.bootstrap());
  EXPECT_TRUE(eventually([&] { return letters->count() >= 1; }));
  stop_reading();
  const auto of_there = letters->all();
  EXPECT_EQ(of_there.size(), 1U);
  EXPECT_TRUE(of_there.contains("0/7")) << of_there.begin()->first;
}

TEST_F(DeadLetterApplication, OnExhaustedStopEndsTheApplicationWithTheReason) {
  make_topic("orders");
  produce("orders", 10, 1);
  recorder->script = [](Batch& batch) {
    for (const Message& message : batch) {
      if (message.payload() == "4") throw MessageFailed(message, "cannot go on");
      batch.mark(message);
    }
  };
  Application app(settings(), with_dead_letters([](routing::TopicBuilder& topic) {
                    topic.dead_letter(routing::DeadLetters{}).on_exhausted(routing::OnExhausted::stop);
                  }));
  try {
    app.run();
    FAIL() << "it went on";
  } catch (const ApplicationError& error) {
    EXPECT_NE(std::string(error.what()).find("cannot go on"), std::string::npos) << error.what();
  }
  EXPECT_EQ(committed("g", "orders", 1), std::vector<std::int64_t>{4}) << "it has ended in order";
}

}  // namespace
}  // namespace braid::application_test
