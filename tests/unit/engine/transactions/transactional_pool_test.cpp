#include "engine/transactions/transactional_pool.hpp"

#include "unit/engine/producer/hand_client.hpp"
#include "unit/engine/transactions/told_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace braid::engine {
namespace {

using test_support::ToldClient;
using test_support::TransactionScript;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class TransactionalPoolTest : public ::testing::Test {
 protected:
  TransactionalPool::Options options{.id = "shop", .size = 2};
  std::shared_ptr<TransactionScript> script = std::make_shared<TransactionScript>();
  std::shared_ptr<KeptLines> log = std::make_shared<KeptLines>();
  std::atomic<bool> may_make = true;

  TransactionalPool& pool() {
    if (!pool_) pool_ = std::make_shared<TransactionalPool>(make(0), maker(), log, options);
    return *pool_;
  }
  Result<void> transaction(const TransactionWork& work) { return pool().run(work); }
  // Keeps a producer busy until it is let go.
  std::future<Result<void>> keep_one_busy(std::shared_future<void> let_go) {
    auto runs = std::make_shared<std::promise<void>>();
    auto running = runs->get_future();
    auto ended = std::async(std::launch::async, [this, let_go = std::move(let_go), runs] {
      return transaction([&](Transaction&) -> Result<void> {
        runs->set_value();
        let_go.wait();
        return {};
      });
    });
    running.wait();
    return ended;
  }
  static Result<void> nothing(Transaction&) { return {}; }

 private:
  [[nodiscard]] std::shared_ptr<TransactionalEngine> make(std::uint32_t number) const {
    const std::string name = std::to_string(number);
    return std::make_shared<TransactionalEngine>(std::make_unique<ToldClient>(script, name + " "), log,
                                                 RecordChain::Rules{},
                                                 TransactionalEngine::Options{.id = "shop-" + name});
  }
  TransactionalPool::Make maker() {
    return [this](std::uint32_t number) -> Result<std::shared_ptr<TransactionalEngine>> {
      if (!may_make) return Error(Error::Kind::broker_unreachable, "nobody there", true);
      return make(number);
    };
  }
  std::shared_ptr<TransactionalPool> pool_;
};

TEST_F(TransactionalPoolTest, OneIsUsedAgainWhileNobodyElseHasIt) {
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(transaction(nothing).ok());
  EXPECT_EQ(pool().made(), 1U);
}

TEST_F(TransactionalPoolTest, AnotherIsMadeWhenAllAreBusy) {
  static_cast<void>(pool());
  std::promise<void> let_go;
  auto first = keep_one_busy(let_go.get_future().share());
  EXPECT_TRUE(transaction(nothing).ok());
  EXPECT_EQ(pool().made(), 2U);
  EXPECT_THAT(script->said(), ElementsAre("0 init", "0 begin", "1 init", "1 begin", "1 commit"));
  let_go.set_value();
  EXPECT_TRUE(first.get().ok());
}

TEST_F(TransactionalPoolTest, WhoFindsAllBusyWaits) {
  static_cast<void>(pool());
  std::promise<void> let_go;
  const auto gone = let_go.get_future().share();
  auto first = keep_one_busy(gone);
  auto second = keep_one_busy(gone);
  auto third = std::async(std::launch::async, [&] { return transaction(nothing); });
  EXPECT_EQ(third.wait_for(30ms), std::future_status::timeout);
  let_go.set_value();
  EXPECT_TRUE(third.get().ok());
  EXPECT_EQ(pool().made(), 2U);
}

TEST_F(TransactionalPoolTest, TheWaitIsBounded) {
  options.max_wait_for_turn = 10ms;
  options.size = 1;
  static_cast<void>(pool());
  std::promise<void> let_go;
  auto first = keep_one_busy(let_go.get_future().share());
  const auto late = transaction(nothing);
  EXPECT_EQ(late.error().kind(), Error::Kind::timed_out);
  EXPECT_TRUE(late.error().retriable());
  EXPECT_THAT(late.error().text(), HasSubstr("all 1 producers of the pool shop are in transactions"));
  let_go.set_value();
}

TEST_F(TransactionalPoolTest, ThreadsNeverShareAProducer) {
  options.size = 3;
  static_cast<void>(pool());
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        EXPECT_TRUE(transaction([&](Transaction&) -> Result<void> {
                      const int now = ++inside;
                      int before = most.load();
                      while (now > before && !most.compare_exchange_weak(before, now)) {
                      }
                      --inside;
                      return {};
                    }).ok());
      }
    });
  }
  threads.clear();
  EXPECT_LE(most.load(), 3);
  EXPECT_LE(pool().made(), 3U);
}

TEST_F(TransactionalPoolTest, OneThatWasFencedIsUsedNoMore) {
  script->fail_next("0 commit", Error(Error::Kind::fenced, "somebody else has the id", false, true));
  EXPECT_EQ(transaction(nothing).error().kind(), Error::Kind::fenced);
  EXPECT_THAT(log->text(), HasSubstr("a producer of the pool shop is used no more"));
  script->said();
  EXPECT_TRUE(transaction(nothing).ok());
  EXPECT_THAT(script->said(), ElementsAre("1 init", "1 begin", "1 commit"));
  script->fail_next("1 commit", Error(Error::Kind::fenced, "somebody else has the id", false, true));
  EXPECT_FALSE(transaction(nothing).ok());
  script->said();
  EXPECT_EQ(transaction(nothing).error().kind(), Error::Kind::fenced) << "none is left";
  EXPECT_THAT(script->said(), IsEmpty());
}

TEST_F(TransactionalPoolTest, OneThatBrokeIsUsedAgain) {
  script->fail_next("0 commit", Error(Error::Kind::other, "sequence lost", false, true));
  EXPECT_FALSE(transaction(nothing).ok());
  EXPECT_TRUE(transaction(nothing).ok());
  EXPECT_EQ(pool().made(), 1U);
}

TEST_F(TransactionalPoolTest, OneThatCouldNotBeMadeIsMadeLater) {
  static_cast<void>(pool());
  std::promise<void> let_go;
  auto first = keep_one_busy(let_go.get_future().share());
  may_make = false;
  EXPECT_EQ(transaction(nothing).error().kind(), Error::Kind::broker_unreachable);
  EXPECT_EQ(pool().made(), 1U);
  may_make = true;
  EXPECT_TRUE(transaction(nothing).ok());
  EXPECT_EQ(pool().made(), 2U);
  let_go.set_value();
}

// The two would be committed apart.
TEST_F(TransactionalPoolTest, OneInsideOfAnotherIsRefused) {
  const auto outer = transaction([&](Transaction&) -> Result<void> {
    EXPECT_THAT(transaction(nothing).error().text(),
                HasSubstr("a transaction inside of a transaction (pool shop)"));
    EXPECT_TRUE(pool().close(kDeadline).all_ended());
    return {};
  });
  EXPECT_TRUE(outer.ok());
  EXPECT_EQ(pool().made(), 1U);
  EXPECT_THAT(log->text(), HasSubstr("close() within a transaction"));
}

TEST_F(TransactionalPoolTest, AnExceptionGivesItsProducerBack) {
  options.size = 1;
  EXPECT_THROW(static_cast<void>(transaction([](Transaction&) -> Result<void> { throw 17; })), int);
  EXPECT_TRUE(transaction(nothing).ok());
}

TEST_F(TransactionalPoolTest, ACloseEndsAllAndReportsWhatRuns) {
  static_cast<void>(pool());
  std::promise<void> let_go;
  const auto gone = let_go.get_future().share();
  auto first = keep_one_busy(gone);
  auto second = keep_one_busy(gone);
  auto waiting = std::async(std::launch::async, [&] { return transaction(nothing); });
  const TransactionsClosed report = pool().close(20ms);
  EXPECT_EQ(report.left.size(), 2U);
  EXPECT_EQ(waiting.get().error().kind(), Error::Kind::closed);
  EXPECT_EQ(transaction(nothing).error().kind(), Error::Kind::closed);
  let_go.set_value();
  EXPECT_EQ(first.get().error().kind(), Error::Kind::closed);
  EXPECT_EQ(second.get().error().kind(), Error::Kind::closed);
  EXPECT_THAT(script->said(), UnorderedElementsAre("0 init", "0 begin", "1 init", "1 begin", "0 abort", "1 abort"));
}

}  // namespace
}  // namespace braid::engine
