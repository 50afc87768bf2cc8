#include "engine/store/store_thread.hpp"

#include "engine/listener/external_positions.hpp"
#include "engine/threads/latch_flag.hpp"
#include "unit/engine/bell.hpp"

#include <braid/offset_store.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

namespace braid::engine {
namespace {

using namespace std::chrono_literals;
using test_support::Bell;

Time soon() {
  return std::chrono::steady_clock::now() + Bell::kPatience;
}

TEST(StoreThread, RunsWhatIsPostedInOrder) {
  StoreThread thread("store", std::make_shared<InMemoryOffsetStore>());
  std::vector<int> ran;
  LatchFlag last;
  thread.post([&](OffsetStore&) { ran.push_back(1); });
  thread.start();
  thread.post([&](OffsetStore&) { ran.push_back(2); });
  thread.post([&](OffsetStore&) { last.raise(); });
  ASSERT_TRUE(last.wait_until(soon()));
  EXPECT_EQ(ran, (std::vector{1, 2}));
  EXPECT_TRUE(thread.stop(soon()));
}

TEST(StoreThread, StopsWithoutEverHavingStarted) {
  StoreThread thread("store", std::make_shared<InMemoryOffsetStore>());
  thread.post([](OffsetStore&) {});
  EXPECT_TRUE(thread.stop(soon()));
}

TEST(StoreThread, LeavesACallThatDoesNotReturn) {
  struct Doors {
    LatchFlag inside;
    LatchFlag leave;
    LatchFlag left;
  };
  const auto doors = std::make_shared<Doors>();
  {
    StoreThread thread("store", std::make_shared<InMemoryOffsetStore>());
    thread.start();
    thread.post([doors](OffsetStore&) {
      doors->inside.raise();
      doors->leave.wait_until(Time::max());
      doors->left.raise();
    });
    ASSERT_TRUE(doors->inside.wait_until(soon()));
    bool ran = false;
    thread.post([&](OffsetStore&) { ran = true; });
    EXPECT_FALSE(thread.stop(std::chrono::steady_clock::now()));
    EXPECT_FALSE(ran);
  }
  doors->leave.raise();
  EXPECT_TRUE(doors->left.wait_until(soon()));
}

class ExternalPositionsTest : public testing::Test {
 protected:
  ExternalPositionsTest() { thread_->start(); }
  ~ExternalPositionsTest() override {
    thread_->stop(soon());
    mailbox_->close();
  }
  // The next answer, as the listener sees it.
  std::optional<StoreAnswer> answer() {
    std::optional<Mail> mail;
    bell_->wait([&] { return (mail = mailbox_->take()).has_value(); });
    if (!mail || mail->kind != Mail::Kind::store_answered) return std::nullopt;
    StoreAnswer answer = std::move(*mail->answer);
    Mailbox::settle(*mail);
    return answer;
  }
  void read(ExternalPositions& positions) {
    positions.read_positions(std::span(&here_, 1), 1);
    const auto read = answer();
    ASSERT_TRUE(read && read->positions && read->positions->ok());
    positions.note(*read);
  }
  std::optional<StoreAnswer> save(ExternalPositions& positions, std::int64_t position) {
    const StoredPosition one{here_, CommitPosition{position}, "gaps"};
    positions.commit(std::span(&one, 1), 5);
    return answer();
  }

  const TopicPartition here_{"orders", {0}};
  std::shared_ptr<InMemoryOffsetStore> store_ = std::make_shared<InMemoryOffsetStore>();
  std::shared_ptr<StoreThread> thread_ = std::make_shared<StoreThread>("store", store_);
  std::shared_ptr<Bell> bell_ = std::make_shared<Bell>();
  std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>(bell_);
};

TEST_F(ExternalPositionsTest, AnswersByMail) {
  ExternalPositions positions(thread_, "g", mailbox_);
  read(positions);
  const auto saved = save(positions, 7);
  ASSERT_TRUE(saved && saved->committed);
  EXPECT_EQ(saved->token, 5U);
  EXPECT_EQ(saved->store, &positions);
  EXPECT_TRUE(saved->committed->all.ok());
  EXPECT_EQ(store_->position("g", {"orders", {0}}), CommitPosition{7});
}

TEST_F(ExternalPositionsTest, WhoReadLastMaySave) {
  ExternalPositions zombie(thread_, "g", mailbox_);
  ExternalPositions owner(thread_, "g", mailbox_);
  read(zombie);
  read(owner);
  EXPECT_TRUE(save(owner, 20)->committed->all.ok());
  const auto late = save(zombie, 5);
  ASSERT_FALSE(late->committed->all.ok());
  EXPECT_EQ(late->committed->all.error().kind(), Error::Kind::stale_member);
  EXPECT_EQ(store_->position("g", {"orders", {0}}), CommitPosition{20});
  ASSERT_EQ(late->fenced.size(), 1U);
  read(zombie);
  EXPECT_FALSE(zombie.saves_as(here_, late->fenced[0].epoch)) << "it has loaded again since";
}

// One partition has a new owner; the other's position is stored nevertheless.
TEST_F(ExternalPositionsTest, AFencedPartitionDoesNotKeepBackTheOthers) {
  ExternalPositions positions(thread_, "g", mailbox_);
  const std::vector<TopicPartition> both{{"orders", {0}}, {"orders", {1}}};
  positions.read_positions(both, 1);
  positions.note(*answer());
  ExternalPositions owner(thread_, "g", mailbox_);
  read(owner);
  const std::vector<StoredPosition> moved{{both[0], CommitPosition{5}, {}}, {both[1], CommitPosition{9}, {}}};
  positions.commit(moved, 2);
  const auto refused = answer();
  EXPECT_TRUE(refused->committed->all.ok());
  ASSERT_EQ(refused->committed->refused.size(), 1U) << "the other one's waiting callers hear nothing of it";
  EXPECT_EQ(refused->committed->refused[0].partition, both[0]);
  ASSERT_EQ(refused->fenced.size(), 1U) << "and it is said which it is";
  EXPECT_EQ(refused->fenced[0].partition, both[0]);
  EXPECT_TRUE(positions.saves_as(both[0], refused->fenced[0].epoch));
  EXPECT_EQ(store_->position("g", {"orders", {0}}), std::nullopt);
  EXPECT_EQ(store_->position("g", {"orders", {1}}), CommitPosition{9});
}

// What is missing is missing of one generation: the next one of the epoch has nothing to do with it.
TEST_F(ExternalPositionsTest, WhatAConsumerHasNotCommittedIsSaidWithItsGeneration) {
  ExternalPositions positions(thread_, "g", mailbox_);
  read(positions);
  StoredPosition one{here_, CommitPosition{5}, {}};
  one.done = {{{3}, {4}}};
  one.generation = Generation{7};
  positions.commit(std::span(&one, 1), 2);
  const auto refused = answer();
  ASSERT_FALSE(refused->committed->all.ok());
  EXPECT_EQ(refused->committed->all.error().kind(), Error::Kind::not_committed);
  ASSERT_EQ(refused->fenced.size(), 1U);
  EXPECT_EQ(refused->fenced[0].generation, Generation{7});
  EXPECT_NE(refused->fenced[0].why.find("offsets 3 to 4"), std::string::npos) << refused->fenced[0].why;
  EXPECT_EQ(store_->position("g", {"orders", {0}}), std::nullopt);
}

}  // namespace
}  // namespace braid::engine
