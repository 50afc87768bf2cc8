// A label comes back with its record's delivery, whatever has become of the record meanwhile.

#include "unit/engine/producer/front_fixture.hpp"

#include <gtest/gtest.h>

#include <any>
#include <array>
#include <future>
#include <mutex>
#include <string>
#include <vector>

namespace braid::engine {
namespace {

std::string text_of(const Delivery& delivery) {
  const auto* const label = std::any_cast<std::string>(&delivery.label);
  return (label != nullptr ? *label : "none") + (delivery.ok() ? "" : " failed");
}

Record labelled(std::string_view payload) {
  Record made = record(payload);
  made.label = "label " + std::string(payload);
  return made;
}

class ProducerLabelsTest : public ProducerFrontTest {
 protected:
  ~ProducerLabelsTest() override { front().close(0ms); }  // while there is somebody to hear
  ProducerLabelsTest() {
    options.on_each = [this](const Delivery& delivery) {
      const std::scoped_lock lock(mutex_);
      heard_.push_back(text_of(delivery));
    };
  }
  [[nodiscard]] std::vector<std::string> heard() {
    const std::scoped_lock lock(mutex_);
    return heard_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> heard_;
};

TEST_F(ProducerLabelsTest, OfEachWayToSendReachWhoHearsOfAll) {
  client->answer_itself();
  EXPECT_TRUE(front().produce(labelled("1"), {}).ok());
  EXPECT_TRUE(front().produce(labelled("2"), [](const Delivery&) {}).ok());
  EXPECT_TRUE(front().produce(labelled("3")).ok());
  EXPECT_EQ(text_of(front().produce_sync(labelled("4"), kDeadline).value()), "label 4");
  EXPECT_EQ(text_of(front().produce_many_sync(std::array{labelled("5")}, kDeadline).each.at(0)), "label 5");
  EXPECT_EQ(front().produce_many(std::array{labelled("6")}, {}).sent, 1U);
  EXPECT_TRUE(front().produce(record("none"), {}).ok());
  EXPECT_TRUE(front().flush(kDeadline).ok());
  EXPECT_EQ(heard(),
            (std::vector<std::string>{"label 1", "label 2", "label 3", "label 4", "label 5", "label 6", "none"}));
}

// The callback that the record brought is called first, and both get the label.
TEST_F(ProducerLabelsTest, OutlastTheRecordsOwnCallback) {
  std::string own;
  std::size_t heard_before = 1;
  ASSERT_TRUE(front()
                  .produce(labelled("1"),
                           [&](const Delivery& delivery) {
                             own = text_of(delivery);
                             heard_before = heard().size();
                           })
                  .ok());
  client->answer();
  EXPECT_TRUE(front().flush(kDeadline).ok());
  EXPECT_EQ(own, "label 1");
  EXPECT_EQ(heard_before, 0U);
  EXPECT_EQ(heard(), std::vector<std::string>{"label 1"});
}

TEST_F(ProducerLabelsTest, AreKeptInTheBufferOverAFlushThatFailed) {
  ASSERT_TRUE(front().buffer(std::array{labelled("1"), labelled("2")}).ok());
  auto flush = std::async(std::launch::async, [&] { return front().flush(kDeadline); });
  ASSERT_TRUE(client->wait_for_taken(2));
  client->answer();
  client->answer(Error(Error::Kind::timed_out, "no acknowledgement"));
  EXPECT_FALSE(flush.get().ok());
  EXPECT_EQ(heard(), (std::vector<std::string>{"label 1", "label 2 failed"}));
  client->answer_itself();
  EXPECT_TRUE(front().flush(kDeadline).ok());
  EXPECT_EQ(heard().back(), "label 2");
}

TEST_F(ProducerLabelsTest, AreInWhatACloseGivesUpAndHandsBack) {
  client->take_at_most(1);
  ASSERT_TRUE(front().produce(labelled("1"), {}).ok());
  ASSERT_TRUE(front().buffer(std::array{labelled("2")}).ok());
  const CloseReport report = front().close(1ms);
  EXPECT_EQ(heard(), std::vector<std::string>{"label 1 failed"});
  ASSERT_EQ(report.buffered.size(), 1U);
  EXPECT_EQ(std::any_cast<std::string>(report.buffered[0].label), "label 2");
}

TEST_F(ProducerLabelsTest, AreKeptWhereTheClientIsReplaced) {
  auto* const second = new HandClient;
  options.make_client = [second]() -> Result<std::unique_ptr<ProducerClient>> {
    return std::unique_ptr<ProducerClient>(second);
  };
  options.max_rebuilds = 1;
  ASSERT_TRUE(front().produce(labelled("1"), {}).ok());
  ASSERT_TRUE(front().produce(labelled("2"), [](const Delivery&) {}).ok());
  auto handle = front().produce(labelled("3"));
  client->break_down();
  ASSERT_TRUE(second->wait_for_taken(3));
  second->answer();
  second->answer(Error(Error::Kind::timed_out, "no acknowledgement"));
  second->answer();
  EXPECT_EQ(text_of(handle.value().wait(kDeadline).value()), "label 3");
  EXPECT_TRUE(front().flush(kDeadline).ok());
  EXPECT_EQ(heard(), (std::vector<std::string>{"label 1", "label 2 failed", "label 3"}));
}

}  // namespace
}  // namespace braid::engine
