// Transactions of producers on real Kafka: what readers of committed records see, and who is fenced by whom.

#include "integration/application/kafka_fixture.hpp"
#include "integration/application/raw_client.hpp"
#include "mock/application/worker_process.hpp"

#include <braid/transactional_producer.hpp>

#include <algorithm>
#include <array>
#include <csignal>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace braid::integration {
namespace {

class TransactionsOnKafka : public KafkaTest {
 protected:
  std::string id = unique_name("shop");

  [[nodiscard]] TransactionalProducerSettings producer_settings(
      const std::map<std::string, std::string>& more = {}) const {
    TransactionalProducerSettings settings;
    settings.kafka = {{"bootstrap.servers", bootstrap()}, {"linger.ms", "1"}};
    for (const auto& [key, value] : more) settings.kafka[key] = value;
    settings.transactional_id = id;
    settings.connect_timeout = kDeadline;
    settings.log_level = LogLevel::off;
    return settings;
  }
  void create_topic(int partitions, const std::map<std::string, std::string>& config = {}) const {
    KafkaAdmin(bootstrap()).create_topic(topic, partitions, 1, config);
  }
  [[nodiscard]] Record record(std::string_view payload) const { return {.topic = topic, .payload = payload}; }
  [[nodiscard]] std::int64_t in_topic() const {
    std::int64_t count = 0;
    for (const std::int64_t end : KafkaAdmin(bootstrap()).end_offsets(topic)) count += end;
    return count;
  }
  [[nodiscard]] std::vector<std::string> committed(int partitions = 1) const {
    auto seen = read_committed(bootstrap(), topic, partitions);
    std::ranges::sort(seen);
    return seen;
  }
  // As long as it takes: a coordinator writes the end of a transaction behind its answer.
  [[nodiscard]] bool committed_becomes(const std::vector<std::string>& expected, int partitions = 1) const {
    return eventually([&] { return committed(partitions) == expected; });
  }
};

TEST_F(TransactionsOnKafka, ReadersOfCommittedRecordsSeeAllOrNothing) {
  create_topic(3);
  TransactionalProducer producer(producer_settings());
  const auto first = producer.transaction([&](auto& tx) {
    return tx.produce_many(std::array{record("1"), record("2"), record("3")});
  });
  ASSERT_TRUE(first.ok()) << first.error().text();
  const auto aborted = producer.transaction([&](auto& tx) {
    EXPECT_TRUE(tx.produce_many(std::array{record("aborted 1"), record("aborted 2")}).ok());
    EXPECT_TRUE(eventually([&] { return in_topic() > 4; })) << "they are there, for who reads all";
    tx.abort();
  });
  EXPECT_EQ(aborted.error().kind(), Error::Kind::aborted);
  EXPECT_THROW(static_cast<void>(producer.transaction([&](auto& tx) {
                 EXPECT_TRUE(tx.produce(record("thrown")).ok());
                 throw std::runtime_error("no stock");
               })),
               std::runtime_error);
  const auto refused = producer.transaction([&](auto& tx) {
    EXPECT_TRUE(tx.produce(record("beside a wrong one")).ok());
    Record wrong = record("x");
    wrong.headers = {{"", "1"}};
    static_cast<void>(tx.produce(wrong));
  });
  EXPECT_EQ(refused.error().kind(), Error::Kind::invalid_record);
  ASSERT_TRUE(producer.transaction([&](auto& tx) { return tx.produce(record("4")); }).ok());
  EXPECT_TRUE(committed_becomes({"1", "2", "3", "4"}, 3));
}

TEST_F(TransactionsOnKafka, TheOlderOfTwoIsFencedAndSaysSo) {
  create_topic(1);
  TransactionalProducer older(producer_settings());
  ASSERT_TRUE(older.transaction([&](auto& tx) { return tx.produce(record("1")); }).ok());
  Result<void> newers;
  const auto fenced = older.transaction([&](auto& tx) {
    EXPECT_TRUE(tx.produce(record("of the older")).ok());
    TransactionalProducer newer(producer_settings());
    newers = newer.transaction([&](auto& inner) { return inner.produce(record("2")); });
  });
  EXPECT_TRUE(newers.ok()) << newers.error().text();
  ASSERT_FALSE(fenced.ok());
  EXPECT_EQ(fenced.error().kind(), Error::Kind::fenced) << fenced.error().text();
  EXPECT_TRUE(fenced.error().fatal());
  EXPECT_EQ(older.transaction([&](auto& tx) { return tx.produce(record("late")); }).error().kind(),
            Error::Kind::fenced);
  TransactionalProducer last(producer_settings());
  EXPECT_TRUE(last.transaction([&](auto& tx) { return tx.produce(record("3")); }).ok());
  EXPECT_TRUE(committed_becomes({"1", "2", "3"}));
}

TEST_F(TransactionsOnKafka, AFencedOneThatOnlyAbortsKnowsItToo) {
  create_topic(1);
  TransactionalProducer older(producer_settings());
  const auto aborted = older.transaction([&](auto& tx) {
    EXPECT_TRUE(tx.produce(record("of the older")).ok());
    EXPECT_TRUE(eventually([&] { return in_topic() > 0; }));
    const TransactionalProducer newer(producer_settings());
    tx.abort();
  });
  EXPECT_FALSE(aborted.ok());
  EXPECT_EQ(older.transaction([&](auto& tx) { return tx.produce(record("late")); }).error().kind(),
            Error::Kind::fenced);
  EXPECT_TRUE(committed_becomes({}));
}

// Else readers would wait for its timeout, 60 s.
TEST_F(TransactionsOnKafka, WhatAKilledOneHasLeftIsSettledByTheNext) {
  create_topic(1);
  application_test::WorkerProcess worker("integration_transaction_worker",
                                         {"bootstrap=" + bootstrap(), "topic=" + topic, "id=" + id});
  ASSERT_TRUE(eventually([&] { return in_topic() == 10; }));
  worker.signal(SIGKILL);
  ASSERT_TRUE(worker.wait(kDeadline).has_value());
  TransactionalProducer next(producer_settings());
  ASSERT_TRUE(next.transaction([&](auto& tx) { return tx.produce(record("1")); }).ok());
  EXPECT_TRUE(eventually([&] { return committed() == std::vector<std::string>{"1"}; }, 20s));
}

TEST_F(TransactionsOnKafka, APoolServesSeveralThreads) {
  create_topic(3);
  TransactionalProducerPool pool(producer_settings(), 3);
  std::vector<std::jthread> threads;
  for (int t = 0; t < 5; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        const std::string name = std::to_string(t) + "/" + std::to_string(i);
        const std::string second = name + " b";
        const auto done = pool.transaction([&](auto& tx) {
          EXPECT_TRUE(tx.produce(record(name)).ok());
          if (i % 3 == 2) tx.abort();
          static_cast<void>(tx.produce(record(second)));
        });
        EXPECT_EQ(done.ok(), i % 3 != 2) << (done.ok() ? "" : done.error().text());
      }
    });
  }
  threads.clear();
  EXPECT_EQ(pool.made(), 3U);
  std::vector<std::string> expected;
  for (int t = 0; t < 5; ++t) {
    for (int i = 0; i < 10; ++i) {
      if (i % 3 == 2) continue;
      expected.push_back(std::to_string(t) + "/" + std::to_string(i));
      expected.push_back(expected.back() + " b");
    }
  }
  std::ranges::sort(expected);
  EXPECT_TRUE(committed_becomes(expected, 3));
}

TEST_F(TransactionsOnKafka, ARecordThatIsNotDeliveredFailsItsTransactionByItsReason) {
  create_topic(1, {{"max.message.bytes", "1000"}});
  TransactionalProducer producer(producer_settings({{"topic.metadata.propagation.max.ms", "1000"}}));
  const std::string large(2000, 'x');
  const auto too_large = producer.transaction([&](auto& tx) {
    EXPECT_TRUE(tx.produce(record("beside it")).ok());
    return tx.produce(record(large));
  });
  ASSERT_FALSE(too_large.ok());
  EXPECT_EQ(too_large.error().kind(), Error::Kind::message_too_large) << too_large.error().text();
  EXPECT_FALSE(too_large.error().retriable());
  const auto next = producer.transaction([&](auto& tx) { return tx.produce(record("1")); });
  EXPECT_TRUE(next.ok()) << next.error().text();
  const std::string nowhere = unique_name("nowhere");
  const auto unknown = producer.transaction([&](auto& tx) {
    EXPECT_TRUE(tx.produce(record("beside it, too")).ok());
    return tx.produce({.topic = nowhere, .payload = "x"});
  });
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().kind(), Error::Kind::unknown_topic) << unknown.error().text();
  ASSERT_TRUE(producer.transaction([&](auto& tx) { return tx.produce(record("2")); }).ok());
  EXPECT_TRUE(committed_becomes({"1", "2"}));
}

// Brokers look for such transactions each 10 s.
TEST_F(TransactionsOnKafka, OneThatTakesTooLongIsAbortedByTheBrokers) {
  create_topic(1);
  TransactionalProducer slow(producer_settings({{"transaction.timeout.ms", "2000"}}));
  const auto late = slow.transaction([&](auto& tx) {
    EXPECT_TRUE(tx.produce(record("too slow")).ok());
    EXPECT_TRUE(eventually([&] { return in_topic() == 2; })) << "the end of the transaction is in the log";
  });
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().kind(), Error::Kind::fenced) << late.error().text();
  EXPECT_NE(late.error().text().find("transaction.timeout.ms"), std::string::npos) << late.error().text();
  TransactionalProducer another(producer_settings());
  ASSERT_TRUE(another.transaction([&](auto& tx) { return tx.produce(record("1")); }).ok());
  EXPECT_TRUE(committed_becomes({"1"}));
}

}  // namespace
}  // namespace braid::integration
