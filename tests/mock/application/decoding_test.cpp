// Consumers of values on the embedded cluster.

#include "mock/application/application_test.hpp"

#include <braid/json.hpp>
#include <braid/typed_consumer.hpp>

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>

namespace braid::application_test {

struct Purchase {
  std::string user;
  std::int64_t cents = 0;
};
Purchase tag_invoke(boost::json::value_to_tag<Purchase>, const boost::json::value& json) {
  return {boost::json::value_to<std::string>(json.at("user")), json.at("cents").to_number<std::int64_t>()};
}

// What became of each offset. Thread: any.
class Notes {
 public:
  void note(Offset offset, std::string what) {
    const std::scoped_lock lock(mutex_);
    notes_[offset.value] = std::move(what);
  }
  [[nodiscard]] std::map<std::int64_t, std::string> all() const {
    const std::scoped_lock lock(mutex_);
    return notes_;
  }
  [[nodiscard]] bool reach(std::size_t count) const {
    return eventually([&] { return all().size() >= count; });
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::int64_t, std::string> notes_;
};

// Goes on behind what it can't read.
class Tolerant final : public TypedConsumer<Purchase> {
 public:
  explicit Tolerant(std::shared_ptr<Notes> notes) : notes_(std::move(notes)) {}

 protected:
  void consume(TypedBatch<Purchase>& batch) override {
    for (const auto& message : batch) notes_->note(message.offset(), what(message));
  }

 private:
  static std::string what(const TypedMessage<Purchase>& message) {
    try {
      const Purchase* purchase = message.value_if();
      return purchase == nullptr ? "gone" : purchase->user + " " + std::to_string(purchase->cents);
    } catch (const DecodingFailed&) {
      return "unreadable: " + std::string(message.payload());
    }
  }

  std::shared_ptr<Notes> notes_;
};

// Does not.
class Strict final : public TypedMessageConsumer<Purchase> {
 public:
  explicit Strict(std::shared_ptr<Notes> notes) : notes_(std::move(notes)) {}

 protected:
  void consume(const TypedMessage<Purchase>& message) override {
    notes_->note(message.offset(), message.value().user);
  }

 private:
  std::shared_ptr<Notes> notes_;
};

namespace {

class Decoding : public ApplicationTest {
 protected:
  void send_payload(const std::string& key, std::optional<std::string_view> payload) {
    send({.topic = "purchases", .key = key, .payload = payload, .partition = {}, .headers = {}});
  }
  void send_purchase(const std::string& user, int cents) {
    send_payload(user, R"({"user":")" + user + R"(","cents":)" + std::to_string(cents) + "}");
  }
  template <class C>
  routing::Routes route_of(const std::function<void(routing::TopicBuilder&)>& tune) {
    return routing::draw([&](routing::RoutesBuilder& r) {
      routing::TopicBuilder topic = r.consumer_group("g").topic("purchases");
      topic.consumer<C>([notes = notes] { return std::make_unique<C>(notes); }).retries({.backoff = fixed(50ms)});
      tune(topic);
    });
  }
  std::shared_ptr<Notes> notes = std::make_shared<Notes>();
};

TEST_F(Decoding, ValuesTombstonesEmptyAndPoisonPayloadsAreToldApart) {
  make_topic("purchases");
  send_purchase("ann", 250);
  send_payload("ann", std::nullopt);
  send_payload("ann", "");
  send_payload("bob", "{\"user\":");
  send_purchase("bob", 5);
  Application app(settings(), route_of<Tolerant>([](auto& topic) { topic.deserializer(json<Purchase>()); }));
  app.start();
  EXPECT_TRUE(notes->reach(5));
  app.stop();
  EXPECT_EQ(notes->all(),
            (std::map<std::int64_t, std::string>{
                {0, "ann 250"}, {1, "gone"}, {2, "unreadable: "}, {3, "unreadable: {\"user\":"}, {4, "bob 5"}}));
  EXPECT_EQ(app.figures().attempts_failed, 0U);
  EXPECT_EQ(committed("g", "purchases", 1), std::vector<std::int64_t>{5});
}

// The poison holds its own virtual partition alone, is named in the log, and nothing of it is lost.
TEST_F(Decoding, APayloadThatCanNotBeReadFailsItsAttemptAlone) {
  make_topic("purchases");
  std::atomic<bool> mended{false};
  send_purchase("ann", 1);
  send_payload("bob", "poison");
  for (int i = 0; i < 50; ++i) send_purchase("u" + std::to_string(i), i);
  send_purchase("bob", 2);
  const auto decode = [&](const Message& message) {
    if (mended && message.payload() == "poison") return Purchase{"mended", 0};
    return FromJson<Purchase>()(message);
  };
  // A key each: bob's may share with at most some of the others.
  Application app(settings(), route_of<Strict>([&](auto& topic) {
                    topic.deserializer(decode).flow(Flow::continuous).virtual_partitions({.max_partitions = 1000});
                  }));
  app.start();
  ASSERT_TRUE(eventually([&] { return app.figures().attempts_failed >= 3; }));
  ASSERT_TRUE(notes->reach(45)) << "the others wait";
  EXPECT_FALSE(notes->all().contains(1));
  EXPECT_FALSE(notes->all().contains(52)) << "bob's order";
  // A failure counts on the worker, and is told in the log when the listener hears of it.
  EXPECT_TRUE(eventually([&] {
    return log.count("braid::DecodingFailed: purchases/0: the payload at offset 1 can't be decoded: it is not JSON: "
                     "syntax error at byte 0") >= 3U;
  }));
  mended = true;
  EXPECT_TRUE(notes->reach(53));
  app.stop();
  EXPECT_EQ(notes->all().at(1), "mended");
  EXPECT_EQ(committed("g", "purchases", 1), std::vector<std::int64_t>{53});
}

TEST_F(Decoding, WhatDoesNotFitIsRefusedBeforeAnythingStarts) {
  const auto routes = route_of<Strict>([](auto& topic) { topic.deserializer(text()); });
  try {
    Application app(settings(), routes);
    FAIL() << "nothing was thrown";
  } catch (const routing::InvalidRoutes& error) {
    EXPECT_NE(std::string(error.what()).find("text makes no braid::application_test::Purchase"), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace braid::application_test
