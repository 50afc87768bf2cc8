#include "mock/application/eventually.hpp"

#include <braid/application.hpp>
#include <braid/testing/embedded_cluster.hpp>
#include <braid/transactional_producer.hpp>

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

// What librdkafka says of transactions that go wrong, and what becomes of it. Whether aborted records are seen is
// nothing that these brokers can tell: see tests/integration/producer.

namespace braid::application_test {
namespace {

using testing::Api;
using testing::BrokerError;
using testing::EmbeddedCluster;

// By their protocol numbers.
constexpr auto kAddPartitions = Api{24};
constexpr auto kEndTransaction = Api{26};
constexpr auto kInvalidTransactionState = BrokerError{48};
constexpr auto kInvalidIdMapping = BrokerError{49};
constexpr auto kProducerFenced = BrokerError{90};

Record record(std::string_view payload) {
  return {.topic = "orders", .payload = payload};
}

Result<void> produce_one(Transaction& tx) {
  return tx.produce(record("x"));
}

std::string refusal(const std::function<void()>& make) {
  try {
    make();
  } catch (const std::invalid_argument& error) {
    return error.what();
  } catch (const ApplicationError& error) {
    return std::string("at run time: ") + error.what();
  }
  return "";
}

class TransactionalProducerTest : public ::testing::Test {
 protected:
  EmbeddedCluster cluster{{.brokers = 1, .topics = {{"orders", 1, 1}}}};

  [[nodiscard]] TransactionalProducerSettings settings(std::map<std::string, std::string> more = {}) const {
    TransactionalProducerSettings made;
    made.kafka = {{"bootstrap.servers", cluster.bootstrap()}, {"reconnect.backoff.max.ms", "200"}};
    for (const auto& [key, value] : more) made.kafka[key] = value;
    made.transactional_id = "shop-1";
    made.connect_timeout = kDeadline;
    made.log_level = LogLevel::off;
    return made;
  }
};

TEST_F(TransactionalProducerTest, CommitsOneAfterAnother) {
  TransactionalProducer producer(settings());
  for (int i = 0; i < 3; ++i) {
    const Result<int> done = producer.transaction([&](auto& tx) -> Result<int> {
      if (const auto sent = tx.produce_many(std::array{record("1"), record("2")}); !sent) return sent.error();
      return i;
    });
    ASSERT_TRUE(done.ok()) << done.error().text();
    EXPECT_EQ(done.value(), i);
  }
  EXPECT_TRUE(producer.transaction([](auto&) {}).ok()) << "an empty one";
}

TEST_F(TransactionalProducerTest, AbortsByItsWorkAndByExceptions) {
  TransactionalProducer producer(settings());
  const auto aborted = producer.transaction([](auto& tx) {
    EXPECT_TRUE(produce_one(tx).ok());
    tx.abort();
  });
  EXPECT_EQ(aborted.error().kind(), Error::Kind::aborted);
  EXPECT_THROW(static_cast<void>(producer.transaction([](auto& tx) {
                 EXPECT_TRUE(produce_one(tx).ok());
                 throw std::runtime_error("no stock");
               })),
               std::runtime_error);
  EXPECT_TRUE(producer.transaction(produce_one).ok());
}

TEST_F(TransactionalProducerTest, WhoIsFencedByARecordIsOfNoMoreUse) {
  TransactionalProducer producer(settings());
  cluster.fail_next(kAddPartitions, {kProducerFenced});
  const auto fenced = producer.transaction(produce_one);
  ASSERT_FALSE(fenced.ok());
  EXPECT_EQ(fenced.error().kind(), Error::Kind::fenced) << fenced.error().text();
  EXPECT_TRUE(fenced.error().fatal());
  const auto later = producer.transaction([](auto&) { ADD_FAILURE() << "it would take over"; });
  EXPECT_EQ(later.error().kind(), Error::Kind::fenced);
}

TEST_F(TransactionalProducerTest, WhoIsFencedByItsCommitIsOfNoMoreUse) {
  TransactionalProducer producer(settings());
  cluster.fail_next(kEndTransaction, {kProducerFenced});
  EXPECT_EQ(producer.transaction(produce_one).error().kind(), Error::Kind::fenced);
  EXPECT_EQ(producer.transaction(produce_one).error().kind(), Error::Kind::fenced);
}

TEST_F(TransactionalProducerTest, ARecordBehindTheFailureTellsItsReason) {
  TransactionalProducer producer(settings());
  cluster.fail_next(kAddPartitions, {BrokerError::topic_not_authorized});
  const auto failed = producer.transaction([](auto& tx) {
    EXPECT_TRUE(produce_one(tx).ok()) << "the broker has not been asked";
    EXPECT_TRUE(eventually([&] { return !produce_one(tx).ok(); }));
  });
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().kind(), Error::Kind::not_authorized) << failed.error().text();
  EXPECT_FALSE(failed.error().fatal());
  EXPECT_TRUE(producer.transaction(produce_one).ok()) << "it was only that transaction";
}

TEST_F(TransactionalProducerTest, WhatBrokersAskToBeTriedAgainIsTriedAgain) {
  TransactionalProducer producer(settings());
  cluster.fail_next(kAddPartitions, {BrokerError::coordinator_loading});
  cluster.fail_next(kEndTransaction, {BrokerError::coordinator_not_available, BrokerError::coordinator_loading});
  const auto done = producer.transaction(produce_one);
  EXPECT_TRUE(done.ok()) << done.error().text();
}

TEST_F(TransactionalProducerTest, AnAbortedOneRunsAgainWhereThatIsAskedFor) {
  TransactionalProducerSettings again = settings();
  again.max_attempts = 2;
  again.attempt_pause = 1ms;
  TransactionalProducer producer(again);
  cluster.fail_next(kAddPartitions, {kInvalidIdMapping});
  int runs = 0;
  const auto done = producer.transaction([&](auto& tx) {
    ++runs;
    return produce_one(tx);
  });
  EXPECT_TRUE(done.ok()) << done.error().text();
  EXPECT_EQ(runs, 2);
}

TEST_F(TransactionalProducerTest, AnAbortedOneIsTheCallersToRunAgainOtherwise) {
  TransactionalProducer producer(settings());
  cluster.fail_next(kAddPartitions, {kInvalidIdMapping});
  const auto failed = producer.transaction(produce_one);
  ASSERT_FALSE(failed.ok());
  EXPECT_TRUE(failed.error().retriable()) << failed.error().text();
  EXPECT_TRUE(producer.transaction(produce_one).ok());
}

TEST_F(TransactionalProducerTest, ABrokenClientIsReplacedByTheNextTransaction) {
  TransactionalProducer producer(settings());
  cluster.fail_next(kEndTransaction, {kInvalidTransactionState});
  const auto broken = producer.transaction(produce_one);
  ASSERT_FALSE(broken.ok());
  EXPECT_TRUE(broken.error().fatal()) << broken.error().text();
  EXPECT_NE(broken.error().kind(), Error::Kind::fenced);
  const auto next = producer.transaction(produce_one);
  EXPECT_TRUE(next.ok()) << next.error().text();
}

TEST_F(TransactionalProducerTest, ACommitWithoutAnAnswerIsInDoubt) {
  TransactionalProducerSettings again = settings({{"transaction.timeout.ms", "3000"}});
  again.max_attempts = 3;
  again.connect_timeout = 5s;
  TransactionalProducer producer(again);
  cluster.fail_next(kEndTransaction, std::vector<BrokerError>(500, BrokerError::disconnect));
  int runs = 0;
  const auto failed = producer.transaction([&](auto& tx) {
    ++runs;
    return produce_one(tx);
  });
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().kind(), Error::Kind::in_doubt) << failed.error().text();
  EXPECT_EQ(runs, 1) << "it may have been committed";
  cluster.clear_failures(kEndTransaction);
  EXPECT_TRUE(eventually([&] { return producer.transaction(produce_one).ok(); }));
}

TEST_F(TransactionalProducerTest, ACommitThatWasNeverSentIsNotInDoubt) {
  TransactionalProducerSettings hasty = settings({{"transaction.timeout.ms", "3000"}});
  hasty.connect_timeout = 2s;
  TransactionalProducer producer(hasty);
  ASSERT_TRUE(eventually([&] { return producer.transaction(produce_one).ok(); }));
  const auto failed = producer.transaction([&](auto& tx) {
    cluster.broker_down(EmbeddedCluster::kAllBrokers);
    return produce_one(tx);
  });
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().kind(), Error::Kind::timed_out) << failed.error().text();
  EXPECT_TRUE(failed.error().retriable());
  cluster.broker_up(EmbeddedCluster::kAllBrokers);
  EXPECT_TRUE(eventually([&] { return producer.transaction(produce_one).ok(); }));
}

TEST_F(TransactionalProducerTest, BadInputIsOneErrorAndNothingIsCommitted) {
  TransactionalProducerSettings small = settings();
  small.max_payload_size = 100;
  TransactionalProducer producer(small);
  ASSERT_TRUE(producer.transaction(produce_one).ok());
  const auto kind_of = [&](const Record& wrong) {
    const auto failed = producer.transaction([&](auto& tx) {
      EXPECT_TRUE(produce_one(tx).ok());
      static_cast<void>(tx.produce(wrong));
    });
    return failed.ok() ? Error::Kind::other : failed.error().kind();
  };
  const std::string large(101, 'x');
  EXPECT_EQ(kind_of(record(large)), Error::Kind::message_too_large);
  Record wrong = record("x");
  wrong.headers = {{"", "1"}};
  EXPECT_EQ(kind_of(wrong), Error::Kind::invalid_record);
  wrong = record("x");
  wrong.partition = PartitionNumber{7};
  EXPECT_EQ(kind_of(wrong), Error::Kind::unknown_topic);
  wrong.partition = PartitionNumber{-2};
  EXPECT_EQ(kind_of(wrong), Error::Kind::invalid_record);
  const auto nested = producer.transaction([&](auto&) { return producer.transaction(produce_one); });
  EXPECT_NE(nested.error().text().find("a transaction inside of a transaction"), std::string::npos);
  EXPECT_TRUE(producer.transaction(produce_one).ok());
  EXPECT_TRUE(producer.close(kDeadline).all_ended());
  EXPECT_EQ(producer.transaction(produce_one).error().kind(), Error::Kind::closed);
}

TEST_F(TransactionalProducerTest, WhatContradictsItselfIsRefusedInWords) {
  const auto of = [](const TransactionalProducerSettings& wrong) {
    return refusal([&] { const TransactionalProducer producer(wrong); });
  };
  TransactionalProducerSettings wrong = settings();
  wrong.transactional_id.clear();
  EXPECT_EQ(of(wrong).find("transactional producer: transactional_id is missing"), 0U) << of(wrong);
  wrong = settings({{"transactional.id", "shop-2"}});
  EXPECT_NE(of(wrong).find("leave the Kafka setting transactional.id out"), std::string::npos) << of(wrong);
  EXPECT_NE(of(settings({{"acks", "1"}})).find("acks=all"), std::string::npos);
  EXPECT_NE(of(settings({{"linger.mss", "1"}})).find("Kafka setting linger.mss"), std::string::npos);
  wrong = settings();
  wrong.kafka.erase("bootstrap.servers");
  EXPECT_NE(of(wrong).find("bootstrap.servers is missing"), std::string::npos) << of(wrong);
  EXPECT_NE(refusal([&] { const TransactionalProducerPool pool(settings(), 0); }).find("1 to 1000"),
            std::string::npos);
}

TEST_F(TransactionalProducerTest, WhereNobodyAnswersTheConstructorSaysSo) {
  TransactionalProducerSettings nowhere = settings();
  nowhere.kafka["bootstrap.servers"] = "127.0.0.1:1";
  nowhere.connect_timeout = 300ms;
  const std::string text = refusal([&] { const TransactionalProducer producer(nowhere); });
  EXPECT_EQ(text.find("at run time: transactional producer: init_transactions (shop-1)"), 0U) << text;
  EXPECT_NE(text.find("check bootstrap.servers"), std::string::npos) << text;
}

TEST_F(TransactionalProducerTest, AChildOfForkIsRefusedAndEndsInPeace) {
  auto producer = std::make_unique<TransactionalProducer>(settings());
  auto pool = std::make_unique<TransactionalProducerPool>(settings(), 2);
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(60);
    const bool refused = producer->transaction(produce_one).error().kind() == Error::Kind::closed &&
                         pool->transaction(produce_one).error().kind() == Error::Kind::closed;
    producer.reset();
    pool.reset();
    ::_exit(refused ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(producer->transaction(produce_one).ok());
}

TEST_F(TransactionalProducerTest, APoolServesManyThreads) {
  TransactionalProducerPool pool(settings(), 2);
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5; ++i) {
        const auto done = pool.transaction(produce_one);
        EXPECT_TRUE(done.ok()) << done.error().text();
      }
    });
  }
  threads.clear();
  EXPECT_LE(pool.made(), 2U);
  EXPECT_TRUE(pool.close(kDeadline).all_ended());
}

}  // namespace
}  // namespace braid::application_test
