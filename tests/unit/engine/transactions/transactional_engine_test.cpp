#include "engine/transactions/transactional_engine.hpp"

#include "unit/engine/producer/hand_client.hpp"
#include "unit/engine/transactions/told_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>

namespace braid::engine {
namespace {

using test_support::ToldClient;
using test_support::TransactionScript;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Record record(std::string_view payload) {
  return {.topic = "orders", .payload = payload};
}

Record nameless() {
  return {.topic = "orders", .payload = "nameless", .headers = {{"", "1"}}};
}

const Error kFenced(Error::Kind::fenced, "somebody else has the id", false, true);
const Error kShaky(Error::Kind::other, "a coordinator moved", true);

class TransactionalEngineTest : public ::testing::Test {
 protected:
  // Before the first call; the engine is made with it.
  RecordChain::Rules rules;
  TransactionalEngine::Options options{.id = "shop-1"};
  std::shared_ptr<TransactionScript> script = std::make_shared<TransactionScript>();
  std::shared_ptr<KeptLines> log = std::make_shared<KeptLines>();

  TransactionalEngine& engine() {
    if (!engine_) {
      engine_ = std::make_shared<TransactionalEngine>(std::make_unique<ToldClient>(script), log, rules, options);
    }
    return *engine_;
  }
  template <class Work>
  TransactionResult<Work> transaction(Work work) {
    return detail::transact(work, [this](const TransactionWork& any) { return engine().run(any); });
  }
  // In a thread that goes on until it is let go; returns when it runs.
  std::future<Result<void>> run_until(std::shared_future<void> let_go) {
    auto runs = std::make_shared<std::promise<void>>();
    auto running = runs->get_future();
    auto ended = std::async(std::launch::async, [this, let_go = std::move(let_go), runs] {
      return transaction([&](Transaction& tx) {
        runs->set_value();
        let_go.wait();
        static_cast<void>(tx.produce(record("late")));
      });
    });
    running.wait();
    return ended;
  }

 private:
  std::shared_ptr<TransactionalEngine> engine_;
};

TEST_F(TransactionalEngineTest, CommitsWhatItsWorkHasProduced) {
  const Result<void> done = transaction([](auto& tx) {
    EXPECT_TRUE(tx.produce(record("1")).ok());
    EXPECT_TRUE(tx.produce_many(std::array{record("2"), record("3")}).ok());
  });
  EXPECT_TRUE(done.ok());
  EXPECT_THAT(script->said(), ElementsAre("init", "begin", "send 1", "send 2", "send 3", "commit"));
}

TEST_F(TransactionalEngineTest, ReturnsWhatItsWorkReturns) {
  const Result<int> number = transaction([](Transaction&) { return 17; });
  EXPECT_EQ(number.value(), 17);
  const Result<std::string> inner =
      transaction([](Transaction&) -> Result<std::string> { return std::string("fine"); });
  EXPECT_EQ(inner.value(), "fine");
  const Result<std::unique_ptr<int>> moved = transaction([](Transaction&) { return std::make_unique<int>(3); });
  EXPECT_EQ(*moved.value(), 3);
}

TEST_F(TransactionalEngineTest, AnErrorOfTheWorkAborts) {
  const Result<int> failed =
      transaction([](Transaction&) -> Result<int> { return Error(Error::Kind::refused, "no stock"); });
  EXPECT_EQ(failed.error().text(), "no stock");
  EXPECT_THAT(script->said(), ElementsAre("init", "begin", "abort"));
}

TEST_F(TransactionalEngineTest, AnExceptionAbortsAndGoesOnToTheCaller) {
  const auto call = [&] {
    return transaction([](Transaction& tx) {
      EXPECT_TRUE(tx.produce(record("1")).ok());
      throw std::runtime_error("no stock");
    });
  };
  EXPECT_THROW(static_cast<void>(call()), std::runtime_error);
  EXPECT_THAT(script->said(), ElementsAre("init", "begin", "send 1", "abort"));
  EXPECT_TRUE(transaction([](Transaction&) {}).ok()) << "it is ready for the next one";
}

TEST_F(TransactionalEngineTest, ItsWorkMayAbortIt) {
  const auto aborted = transaction([](Transaction& tx) {
    EXPECT_TRUE(tx.produce(record("1")).ok());
    EXPECT_FALSE(tx.failed());
    tx.abort("no stock");
    EXPECT_TRUE(tx.failed());
    EXPECT_EQ(tx.produce(record("2")).error().kind(), Error::Kind::aborted);
    return 5;
  });
  EXPECT_EQ(aborted.error().kind(), Error::Kind::aborted);
  EXPECT_EQ(aborted.error().text(), "the transaction was aborted: no stock");
  EXPECT_THAT(script->said(), ElementsAre("init", "begin", "send 1", "abort"));
}

// Work that does not look at what produce() returns must not commit without the record.
TEST_F(TransactionalEngineTest, ARefusedRecordIsTheEndOfItsTransaction) {
  const auto failed = transaction([](Transaction& tx) {
    EXPECT_EQ(tx.produce(nameless()).error().kind(), Error::Kind::invalid_record);
    EXPECT_EQ(tx.produce(record("2")).error().kind(), Error::Kind::invalid_record);
  });
  EXPECT_EQ(failed.error().kind(), Error::Kind::invalid_record);
  EXPECT_THAT(script->said(), ElementsAre("init", "begin", "abort"));
}

TEST_F(TransactionalEngineTest, OneWrongRecordOfManyStopsAll) {
  const auto failed = transaction([](Transaction& tx) {
    return tx.produce_many(std::array{record("1"), nameless(), record("3")});
  });
  EXPECT_THAT(failed.error().text(), HasSubstr("record 1 of 3"));
  EXPECT_THAT(script->said(), ElementsAre("init", "begin", "abort"));
}

TEST_F(TransactionalEngineTest, ARecordThatTheClientRefusesEndsItToo) {
  script->fail_next("send 2", Error(Error::Kind::queue_full, "no room", true));
  const auto failed = transaction([](Transaction& tx) {
    static_cast<void>(tx.produce_many(std::array{record("1"), record("2"), record("3")}));
  });
  EXPECT_EQ(failed.error().kind(), Error::Kind::queue_full);
  EXPECT_EQ(failed.error().text(), "record 1 of 3: no room");
  EXPECT_THAT(script->said(), ElementsAre("init", "begin", "send 1", "send 2", "abort"));
}

TEST_F(TransactionalEngineTest, MiddlewareMayChangeAndRefuse) {
  rules.middleware.push_back([](RecordDraft& draft) -> Result<void> {
    if (draft.record().payload == "bad") return Error(Error::Kind::refused, "not that");
    draft.set_payload("<" + std::string(*draft.record().payload) + ">");
    return {};
  });
  EXPECT_TRUE(transaction([](Transaction& tx) { return tx.produce(record("1")); }).ok());
  EXPECT_EQ(transaction([](Transaction& tx) { return tx.produce(record("bad")); }).error().kind(),
            Error::Kind::refused);
  EXPECT_THAT(script->said(), ElementsAre("init", "begin", "send <1>", "commit", "init", "begin", "abort"));
}

TEST_F(TransactionalEngineTest, WhoIsFencedIsSoForGood) {
  options.max_attempts = 3;
  script->fail_next("commit", kFenced);
  const auto fenced = transaction([](Transaction&) {});
  EXPECT_EQ(fenced.error().kind(), Error::Kind::fenced);
  EXPECT_TRUE(fenced.error().fatal());
  EXPECT_THAT(script->said(), ElementsAre("init", "begin", "commit"));
  const auto later = transaction([](Transaction&) { ADD_FAILURE() << "it would fence the other one"; });
  EXPECT_EQ(later.error().kind(), Error::Kind::fenced);
  EXPECT_THAT(script->said(), IsEmpty()) << "init() takes over";
}

TEST_F(TransactionalEngineTest, WhoIsFencedWhileAnExceptionPassesKnowsIt) {
  script->fail_next("abort", kFenced);
  EXPECT_THROW(static_cast<void>(transaction([](Transaction&) { throw std::runtime_error("no stock"); })),
               std::runtime_error);
  script->said();
  EXPECT_EQ(transaction([](Transaction&) {}).error().kind(), Error::Kind::fenced);
  EXPECT_THAT(script->said(), IsEmpty());
}

TEST_F(TransactionalEngineTest, ARecordMayTellThatItIsFenced) {
  script->fail_next("send", kFenced);
  EXPECT_EQ(transaction([](Transaction& tx) { return tx.produce(record("1")); }).error().kind(),
            Error::Kind::fenced);
  EXPECT_TRUE(engine().fenced());
}

TEST_F(TransactionalEngineTest, ABrokenClientIsMendedByTheNextTransaction) {
  options.max_attempts = 3;
  script->fail_next("commit", Error(Error::Kind::other, "sequence lost", false, true));
  int runs = 0;
  const auto broken = transaction([&](Transaction&) { ++runs; });
  EXPECT_EQ(broken.error().kind(), Error::Kind::other);
  EXPECT_TRUE(broken.error().fatal());
  EXPECT_EQ(runs, 1);
  EXPECT_TRUE(transaction([](Transaction&) {}).ok());
  EXPECT_THAT(script->said(), ElementsAre("init", "begin", "commit", "init", "begin", "commit"));
}

TEST_F(TransactionalEngineTest, RunsAgainWhatMayGoWellWhereThatIsAskedFor) {
  options.max_attempts = 3;
  script->fail_next("commit", kShaky);
  script->fail_next("send 2", Error(Error::Kind::queue_full, "no room", true));
  int runs = 0;
  const auto done = transaction([&](Transaction& tx) {
    ++runs;
    return tx.produce(record(std::to_string(runs)));
  });
  EXPECT_TRUE(done.ok());
  EXPECT_EQ(runs, 3);
  EXPECT_THAT(script->said(), ElementsAre("init", "begin", "send 1", "commit", "init", "begin", "send 2", "abort",
                                          "init", "begin", "send 3", "commit"));
  EXPECT_THAT(log->text(), HasSubstr("attempt 2 of a transaction (shop-1) was aborted, and runs again"));
}

TEST_F(TransactionalEngineTest, RunsOnceUnlessMoreIsAskedFor) {
  script->fail_next("commit", kShaky);
  int runs = 0;
  const auto failed = transaction([&](Transaction&) { ++runs; });
  EXPECT_TRUE(failed.error().retriable());
  EXPECT_EQ(runs, 1);
}

TEST_F(TransactionalEngineTest, WhatMayBeCommittedIsNeverRunAgain) {
  options.max_attempts = 3;
  script->fail_next("commit", Error(Error::Kind::in_doubt, "no answer", true));
  int runs = 0;
  const auto failed = transaction([&](Transaction&) { ++runs; });
  EXPECT_EQ(failed.error().kind(), Error::Kind::in_doubt);
  EXPECT_EQ(runs, 1);
  EXPECT_TRUE(transaction([](Transaction&) {}).ok());
  EXPECT_THAT(script->said(), ElementsAre("init", "begin", "commit", "init", "begin", "commit"))
      << "init() settles it before anything begins";
}

TEST_F(TransactionalEngineTest, NothingRunsWhereItCannotBeMadeReady) {
  script->fail_next("init", Error(Error::Kind::broker_unreachable, "nobody there", true));
  EXPECT_EQ(transaction([](Transaction&) { ADD_FAILURE(); }).error().kind(), Error::Kind::broker_unreachable);
  EXPECT_THAT(script->said(), ElementsAre("init"));
}

TEST_F(TransactionalEngineTest, OneInsideOfAnotherIsRefused) {
  const auto outer = transaction([&](Transaction& tx) {
    const auto inner = transaction([](Transaction&) { ADD_FAILURE(); });
    EXPECT_EQ(inner.error().kind(), Error::Kind::other);
    EXPECT_THAT(inner.error().text(), HasSubstr("a transaction inside of a transaction (shop-1)"));
    return tx.produce(record("1"));
  });
  EXPECT_TRUE(outer.ok());
  EXPECT_THAT(script->said(), ElementsAre("init", "begin", "send 1", "commit"));
}

TEST_F(TransactionalEngineTest, AnotherThreadWaitsForItsTurn) {
  static_cast<void>(engine());
  std::promise<void> let_go;
  auto first = run_until(let_go.get_future().share());
  auto second =
      std::async(std::launch::async, [&] { return transaction([](auto& tx) { return tx.produce(record("2")); }); });
  EXPECT_EQ(second.wait_for(30ms), std::future_status::timeout);
  let_go.set_value();
  EXPECT_TRUE(first.get().ok());
  EXPECT_TRUE(second.get().ok());
  EXPECT_THAT(script->said(),
              ElementsAre("init", "begin", "send late", "commit", "init", "begin", "send 2", "commit"));
}

TEST_F(TransactionalEngineTest, TheWaitForATurnIsBounded) {
  options.max_wait_for_turn = 10ms;
  static_cast<void>(engine());
  std::promise<void> let_go;
  auto first = run_until(let_go.get_future().share());
  const auto second = transaction([](Transaction&) { ADD_FAILURE(); });
  EXPECT_EQ(second.error().kind(), Error::Kind::timed_out);
  EXPECT_TRUE(second.error().retriable());
  let_go.set_value();
  EXPECT_TRUE(first.get().ok());
}

TEST_F(TransactionalEngineTest, NothingBeginsBehindItsClose) {
  EXPECT_TRUE(engine().close(0ms).all_ended());
  EXPECT_EQ(transaction([](Transaction&) { ADD_FAILURE(); }).error().kind(), Error::Kind::closed);
  EXPECT_THAT(script->said(), IsEmpty());
}

TEST_F(TransactionalEngineTest, AClosePutsAnEndToWhatRuns) {
  static_cast<void>(engine());
  std::promise<void> let_go;
  auto running = run_until(let_go.get_future().share());
  auto closed = std::async(std::launch::async, [&] { return engine().close(kDeadline); });
  EXPECT_EQ(closed.wait_for(30ms), std::future_status::timeout);
  let_go.set_value();
  EXPECT_EQ(running.get().error().kind(), Error::Kind::closed);
  const TransactionsClosed report = closed.get();
  EXPECT_TRUE(report.all_ended());
  EXPECT_EQ(report.aborted, 1U);
  EXPECT_THAT(script->said(), ElementsAre("init", "begin", "abort")) << "what came late was not sent";
}

TEST_F(TransactionalEngineTest, WorkThatOutlastsItsCloseIsReportedAndAborted) {
  auto owned = std::make_shared<TransactionalEngine>(std::make_unique<ToldClient>(script), log, rules, options);
  std::promise<void> runs;
  std::promise<void> let_go;
  auto running = std::async(std::launch::async, [&engine = *owned, &runs, gone = let_go.get_future()]() mutable {
    return engine.run([&](Transaction&) -> Result<void> {
      runs.set_value();
      gone.wait();
      return {};
    });
  });
  runs.get_future().wait();
  const TransactionsClosed report = owned->close(1ms);
  ASSERT_EQ(report.left.size(), 1U);
  EXPECT_THAT(report.left.front(), HasSubstr("shop-1"));
  owned.reset();  // its owner has gone; the transaction has it still
  let_go.set_value();
  EXPECT_EQ(running.get().error().kind(), Error::Kind::closed);
  EXPECT_THAT(script->said(), ElementsAre("init", "begin", "abort"));
}

TEST_F(TransactionalEngineTest, ACloseWithinATransactionClosesNothing) {
  const auto done = transaction([&](Transaction& tx) {
    EXPECT_TRUE(engine().close(kDeadline).all_ended());
    return tx.produce(record("1"));
  });
  EXPECT_TRUE(done.ok());
  EXPECT_THAT(log->text(), HasSubstr("close() within a transaction"));
  EXPECT_TRUE(transaction([](Transaction&) {}).ok());
}

// The child has neither the lock's holder nor the client's threads; the end of the transaction is the parent's.
TEST_F(TransactionalEngineTest, AChildOfForkIsRefusedAndEndsNothing) {
  const auto done = transaction([&](Transaction& tx) -> Result<void> {
    const pid_t child = ::fork();
    if (child == 0) {
      const bool refused = tx.produce(record("1")).error().kind() == Error::Kind::closed;
      const bool another = transaction([](Transaction&) {}).error().kind() == Error::Kind::closed;
      ::_exit(refused && another && engine().close(kDeadline).all_ended() ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    return tx.produce(record("2"));
  });
  EXPECT_TRUE(done.ok());
  const pid_t child = ::fork();
  if (child == 0) {
    script->said();
    const bool refused = transaction([](Transaction&) {}).error().kind() == Error::Kind::closed;
    ::_exit(refused && script->said().empty() ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

// Where fork() was called within the work and the child returns from it.
TEST_F(TransactionalEngineTest, AChildOfForkCommitsNothing) {
  pid_t child = -1;
  const auto done = transaction([&](Transaction&) { child = ::fork(); });
  if (child == 0) {
    const auto said = script->said();
    const bool right = !done.ok() && done.error().kind() == Error::Kind::closed && said.back() == "begin";
    ::_exit(right ? 0 : 1);
  }
  EXPECT_TRUE(done.ok());
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace braid::engine
