// Consumers of values: what an attempt of theirs makes of a share.

#include "unit/engine/engine_world.hpp"
#include "unit/support/test_messages.hpp"

#include <braid/braid.hpp>

#include <gtest/gtest.h>

#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace braid::engine {
namespace {

using test_support::EngineWorld;
using test_support::SteppedPool;
using test_support::TestMessages;

using Strings = std::vector<std::string>;

class TypedConsumerTest : public testing::Test {
 protected:
  // One share of these payloads, at offsets from 10; none: a tombstone.
  void gather(const std::vector<std::optional<std::string>>& payloads) {
    batch_ = BatchPtr(new RunningBatch(world_.assignment, world_.mailbox, pool_));
    std::int64_t offset = 10;
    for (const auto& payload : payloads) {
      batch_->gathered().push_back(messages_.add({.offset = offset++, .key = "k", .payload = payload}));
    }
    batch_->lay_out_as_one({0});
  }
  void draw(const std::function<void(routing::TopicBuilder&)>& tune) {
    const routing::Routes routes = routing::draw([&](routing::RoutesBuilder& r) {
      routing::TopicBuilder topic = r.consumer_group("group").topic("events");
      tune(topic);
    });
    drawn_ = routes.consumer_groups[0].subscription_groups[0].topics[0];
    world_.topic().consumer = drawn_.consumer;
    world_.topic().deserializer = drawn_.deserializer;
  }
  std::exception_ptr attempt() { return world_.assignment->slot({0}).run(*world_.assignment, share()).failure; }
  Share& share() { return batch_->shares()[0]; }
  // A poison payload is "!"; what is decoded is noted.
  std::string decoded(std::string_view payload) {
    decoded_.emplace_back(payload);
    if (payload == "!") throw std::runtime_error("poison");
    return "<" + std::string(payload) + ">";
  }
  auto noting() {
    return [this](std::string_view payload) { return decoded(payload); };
  }
  static std::optional<std::int64_t> culprit(const std::exception_ptr& failure) {
    try {
      if (failure) std::rethrow_exception(failure);
    } catch (const MessageFailed& failed) {
      return failed.offset().value;
    } catch (...) {
    }
    return std::nullopt;
  }

  TestMessages messages_;
  EngineWorld world_{1};
  std::shared_ptr<SteppedPool> pool_ = std::make_shared<SteppedPool>();
  BatchPtr batch_;
  routing::Topic drawn_;
  Strings decoded_;
  Strings seen_;
};

class Collecting final : public TypedConsumer<std::string> {
 public:
  explicit Collecting(Strings& seen) : seen_(seen) {}

 protected:
  void consume(TypedBatch<std::string>& batch) override {
    for (const auto& message : batch) {
      seen_.push_back(message.is_tombstone() ? "gone" : message.value());
      batch.mark(message);
    }
  }

 private:
  Strings& seen_;
};

class OneByOne final : public TypedMessageConsumer<std::string> {
 public:
  explicit OneByOne(Strings& seen) : seen_(seen) {}

 protected:
  void consume(const TypedMessage<std::string>& message) override {
    seen_.push_back(message.value_if() == nullptr ? "gone" : *message.value_if());
  }

 private:
  Strings& seen_;
};

TEST_F(TypedConsumerTest, ABatchConsumerGetsValuesAndTombstones) {
  gather({"a", "", std::nullopt, "b"});
  draw([this](auto& t) {
    t.template consumer<Collecting>([this] { return std::make_unique<Collecting>(seen_); }).deserializer(noting());
  });
  EXPECT_EQ(attempt(), nullptr);
  EXPECT_EQ(seen_, (Strings{"<a>", "<>", "gone", "<b>"}));
  EXPECT_EQ(decoded_, (Strings{"a", "", "b"}));
  EXPECT_EQ(share().marked(), 4U);
}

// What the rules of recovery go by: that very message failed, and those before it are done.
TEST_F(TypedConsumerTest, APoisonPayloadFailsTheAttemptAndIsNamed) {
  gather({"a", "b", "!", "c"});
  draw([this](auto& t) {
    t.template consumer<Collecting>([this] { return std::make_unique<Collecting>(seen_); }).deserializer(noting());
  });
  EXPECT_EQ(culprit(attempt()), 12);
  EXPECT_EQ(share().marked(), 2U);
  EXPECT_EQ(seen_, (Strings{"<a>", "<b>"}));
}

TEST_F(TypedConsumerTest, OneMessageAtATimeThePoisonIsInHand) {
  gather({"a", "!", "c"});
  draw([this](auto& t) {
    t.template consumer<OneByOne>([this] { return std::make_unique<OneByOne>(seen_); }).deserializer(noting());
  });
  EXPECT_EQ(culprit(attempt()), 11);
  ASSERT_NE(share().in_hand(), nullptr);
  EXPECT_EQ(share().in_hand()->offset(), Offset{11});
  EXPECT_EQ(share().marked(), 1U);
}

// The next attempt decodes what is left of the share, and nothing of what is done.
TEST_F(TypedConsumerTest, WhatIsDoneIsNotDecodedAgain) {
  gather({"a", "!", "c"});
  draw([this](auto& t) {
    t.template consumer<OneByOne>([this] { return std::make_unique<OneByOne>(seen_); }).deserializer(noting());
  });
  EXPECT_NE(attempt(), nullptr);
  share().begin_next_attempt();
  EXPECT_NE(attempt(), nullptr);
  EXPECT_EQ(decoded_, (Strings{"a", "!", "!"}));
}

TEST_F(TypedConsumerTest, WhoeverCatchesGoesOn) {
  gather({"a", "!", "c"});
  draw([this](auto& t) {
    t.template handle<std::string>([this](TypedBatch<std::string>& batch) {
       for (const auto& message : batch) {
         try {
           seen_.push_back(message.value());
         } catch (const DecodingFailed&) {
           seen_.push_back("bytes " + std::string(message.payload()));
         }
       }
     }).deserializer(noting());
  });
  EXPECT_EQ(attempt(), nullptr);
  EXPECT_EQ(seen_, (Strings{"<a>", "bytes !", "<c>"}));
  EXPECT_EQ(share().marked(), 3U);
}

TEST_F(TypedConsumerTest, WhatNobodyAsksForIsNotDecoded) {
  gather({"!", "!"});
  draw([this](auto& t) {
    t.template handle<std::string>([](const TypedMessage<std::string>&) {}).deserializer(noting());
  });
  EXPECT_EQ(attempt(), nullptr);
  EXPECT_EQ(decoded_, Strings{});
}

TEST_F(TypedConsumerTest, AFunctionOfAMessageTakesItsValue) {
  gather({"a", "b"});
  draw([this](auto& t) {
    t.template handle<std::string>(
        [this](const TypedMessage<std::string>& message) { seen_.push_back(message.value()); });
  });
  EXPECT_EQ(attempt(), nullptr);
  EXPECT_EQ(seen_, (Strings{"a", "b"})) << "without a deserializer a string is its payload";
  EXPECT_EQ(share().in_hand()->offset(), Offset{11}) << "as a MessageConsumer";
  ASSERT_TRUE(drawn_.taken_value);
  EXPECT_TRUE(*drawn_.taken_value->type == typeid(std::string));
}

// Coroutines too take their values so.
TEST_F(TypedConsumerTest, AnyConsumerMayTakeItsBatchAsValues) {
  gather({"a"});
  draw([this](auto& t) {
    t.handle([this](Batch& batch) {
       const TypedBatch<std::string> typed(batch);
       for (const auto& message : typed) seen_.push_back(message.value());
     }).deserializer(noting());
  });
  EXPECT_EQ(attempt(), nullptr);
  EXPECT_EQ(seen_, Strings{"<a>"});
  EXPECT_FALSE(drawn_.taken_value);
}

// Where only a name was given, nobody could say it before.
TEST_F(TypedConsumerTest, AMisfitIsFoundInTheFirstAttempt) {
  gather({"a"});
  draw([this](auto& t) {
    t.consumer("named", [this] { return std::make_unique<OneByOne>(seen_); }).deserializer([](const Message&) {
      return 1.5;
    });
  });
  const std::exception_ptr failure = attempt();
  ASSERT_NE(failure, nullptr);
  EXPECT_EQ(culprit(failure), std::nullopt) << "it is no message's fault";
  EXPECT_THROW(std::rethrow_exception(failure), std::logic_error);
  EXPECT_EQ(seen_, Strings{});
}

}  // namespace
}  // namespace braid::engine
