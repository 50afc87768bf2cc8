#include "mock/application/application_test.hpp"

#include <stdexcept>

namespace braid::application_test {
namespace {

class Dump : public ApplicationTest {
 protected:
  static bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
};

TEST_F(Dump, TellsOfThreadsPartitionsAndVirtualPartitions) {
  make_topic("orders");
  produce("orders", 10, 1);
  auto gate = std::make_shared<Gate>();
  recorder->script = [gate](Batch&) { gate->pass(); };
  Settings secret = settings();
  secret.kafka["sasl.password"] = "hunter2";
  Application app(secret, route("g", "orders", recorder));
  app.start();
  ASSERT_TRUE(eventually([&] { return gate->waiting() == 1; }));
  const std::string text = app.dump();
  EXPECT_TRUE(has(text, "connection braid-l-0: g / ")) << text;
  EXPECT_TRUE(has(text, "orders/0, generation 1: runs")) << text;
  EXPECT_TRUE(has(text, " runs since ")) << text;
  EXPECT_TRUE(has(text, "offsets 0 to ")) << text;
  EXPECT_TRUE(has(text, "key 'k0'")) << text;
  EXPECT_TRUE(has(text, "braid-w-0")) << text;
  EXPECT_TRUE(has(text, "1 partitions") || has(text, "partitions: orders 0")) << text;
  EXPECT_FALSE(has(text, "hunter2"));
  EXPECT_FALSE(has(log.text(), "hunter2"));
  // The thread that runs it is one of those listed.
  const std::size_t at = text.find("on thread ") + 10;
  const std::string number = text.substr(at, text.find_first_not_of("0123456789", at) - at);
  EXPECT_TRUE(has(text, number + " braid-w-")) << number << "\n" << text;
  gate->open();
}

TEST_F(Dump, TellsOfRetriesAndOfTickets) {
  make_topic("orders");
  produce("orders", 10, 1);
  recorder->script = [](Batch&) { throw std::runtime_error("never"); };
  Application app(settings(), route("g", "orders", recorder,
                                    [](auto& t) { t.retries({.backoff = braid::exponential(1h, 1h)}); }));
  app.start();
  EXPECT_TRUE(eventually([&] { return has(app.dump(), "is tried again in "); })) << app.dump();
  app.stop(StopMode::now);

  std::mutex mutex;
  std::optional<Ticket> ticket;
  auto others = std::make_shared<Recorder>();
  others->script = [&](Batch& batch) {
    const std::scoped_lock lock(mutex);
    ticket = batch.defer();
  };
  make_topic("bills");
  produce("bills", 10, 1);
  Application second(settings(), route("h", "bills", others));
  second.start();
  EXPECT_TRUE(eventually([&] { return has(second.dump(), "has deferred its work, unsettled since "); }))
      << second.dump();
  {
    const std::scoped_lock lock(mutex);
    ticket->done();
  }
  EXPECT_TRUE(second.stop().in_time);
}

// A listener that is blocked, here by a partitioner, is named after the time limit; who asks does not hang.
TEST_F(Dump, AListenerThatDoesNotAnswerIsNamed) {
  make_topic("orders");
  produce("orders", 10, 1);
  auto gate = std::make_shared<Gate>();
  Application app(settings(), route("g", "orders", recorder, [gate](auto& t) {
                    t.virtual_partitions({.by = braid::partition_by([gate](const Message& message) {
                                            gate->pass();
                                            return std::string(message.key());
                                          })});
                  }));
  app.start();
  ASSERT_TRUE(eventually([&] { return gate->waiting() == 1; }));
  const auto began = std::chrono::steady_clock::now();
  const std::string text = app.dump(200ms);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
  EXPECT_TRUE(has(text, "connection braid-l-0: has not answered in time")) << text;
  EXPECT_TRUE(has(text, "braid-l-0 ")) << text;
  gate->open();
  EXPECT_TRUE(all_seen(10));
  app.stop();
  EXPECT_TRUE(has(app.dump(), "connection braid-l-0: it has ended"));
}

}  // namespace
}  // namespace braid::application_test
