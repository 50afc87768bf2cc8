// The Ops interface of a running application, as a client of the network sees it.

#include "mock/application/application_test.hpp"
#include "tests/lib/raw_client.hpp"

#include <braid/ops_server.hpp>

#include <boost/json/parse.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace braid::application_test {
namespace {

constexpr const char* kToken = "0123456789abcdef";

class OpsOfApplication : public ApplicationTest {
 protected:
  static std::string send(const OpsServer& ops, const std::string& request) {
    test::RawClient client(ops.port());
    EXPECT_TRUE(client.send(request));
    return client.read_answer();
  }
  static std::string get(const OpsServer& ops, const std::string& path) {
    return send(ops, "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  static std::string command(const OpsServer& ops, const std::string& name, const std::string& body,
                             const std::string& token = kToken) {
    return send(ops, "POST /api/commands/" + name +
                         " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
                         "Authorization: Bearer " + token + "\r\nContent-Length: " + std::to_string(body.size()) +
                         "\r\n\r\n" + body);
  }
  static boost::json::value json_of(const std::string& answer) {
    return boost::json::parse(answer.substr(answer.find("\r\n\r\n") + 4));
  }
};

TEST_F(OpsOfApplication, IsOffUnlessAPortIsSet) {
  Application app(settings(), route("g", "orders", recorder));
  const OpsServer ops(app, {});
  EXPECT_EQ(ops.port(), 0);
  EXPECT_THROW(OpsServer(app, {.port = 0, .token = "short"}), std::invalid_argument);
}

TEST_F(OpsOfApplication, TellsTheSameAsTheApplication) {
  make_topic("orders");
  produce("orders", 200, 20);
  Application app(settings(), route("g", "orders", recorder, [](auto& t) { t.max_messages(10); }));
  const OpsServer ops(app, {.port = 0}, {.metrics = [] { return std::string("braid_connections 1\n"); }});
  EXPECT_TRUE(get(ops, "/readyz").starts_with("HTTP/1.1 503"));
  app.start();
  ASSERT_TRUE(all_seen(200));
  EXPECT_TRUE(eventually([&] {
    const auto partitions = json_of(get(ops, "/api/partitions?topic=orders")).at("partitions").as_array();
    return partitions.size() == 1 && partitions[0].at("position").is_int64() &&
           partitions[0].at("position").as_int64() == 200 && partitions[0].at("processed_lag").as_int64() == 0;
  }));
  const auto application = json_of(get(ops, "/api/application"));
  EXPECT_EQ(application.at("state").as_string(), "running");
  EXPECT_EQ(application.at("figures").at("messages_done").to_number<int>(), 200);
  EXPECT_TRUE(get(ops, "/readyz").starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(get(ops, "/metrics").ends_with("braid_connections 1\n"));
  EXPECT_TRUE(get(ops, "/").find("<!doctype html>") != std::string::npos);
  const auto rebalances = json_of(get(ops, "/api/rebalances")).at("rebalances").as_array();
  ASSERT_FALSE(rebalances.empty());
  EXPECT_EQ(rebalances[0].at("event").as_string(), "rebalance.assigned");
  app.stop();
  EXPECT_TRUE(eventually([&] { return get(ops, "/readyz").starts_with("HTTP/1.1 503"); }));
}

TEST_F(OpsOfApplication, CommandsAreObeyed) {
  make_topic("orders");
  produce("orders", 10);
  Application app(settings(), route("g", "orders", recorder));
  const OpsServer ops(app, {.port = 0, .token = kToken});
  EXPECT_TRUE(command(ops, "pause", R"({"topic":"orders"})").starts_with("HTTP/1.1 409"));
  app.start();
  ASSERT_TRUE(all_seen(10));
  EXPECT_TRUE(command(ops, "pause", R"({"topic":"orders"})", "fedcba9876543210").starts_with("HTTP/1.1 401"));
  const std::string paused = command(ops, "pause", R"({"topic":"orders"})");
  EXPECT_EQ(json_of(paused).at("done").as_string(), "paused 1 partition") << paused;
  EXPECT_TRUE(json_of(get(ops, "/api/partitions")).at("partitions").at(0).at("held").as_bool());
  EXPECT_TRUE(command(ops, "pause", R"({"topic":"bills"})").starts_with("HTTP/1.1 404"));
  EXPECT_TRUE(command(ops, "resume", R"({"topic":"orders","partition":0})").starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(command(ops, "seek", R"({"topic":"orders","partition":0,"offset":5})").starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(eventually([&] { return recorder->count() == 15; })) << recorder->count();
  EXPECT_TRUE(command(ops, "concurrency", R"({"workers":3})").starts_with("HTTP/1.1 200"));
  EXPECT_EQ(app.concurrency(), 3U);
  EXPECT_TRUE(command(ops, "log-level", R"({"level":"error"})").starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(command(ops, "quiet", "{}").starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(eventually([&] { return app.state() == ApplicationState::quiet; }));
}

// Bad clients cost others nothing: messages are processed as if they were not there.
TEST_F(OpsOfApplication, ProcessingGoesOnWhateverClientsDo) {
  make_topic("orders");
  Application app(settings(), route("g", "orders", recorder));
  const OpsServer ops(app, {.port = 0, .limits = {.news_every = std::chrono::milliseconds(20)}});
  app.start();
  std::vector<test::RawClient> clients;
  for (int i = 0; i < 100; ++i) {
    clients.emplace_back(ops.port(), 4096);
    clients.back().send(i % 2 == 0 ? "GET /api/live HTTP/1.1\r\nHost: localhost\r\n\r\n" : "garbage");
  }
  produce("orders", 500);
  EXPECT_TRUE(all_seen(500));
  clients.clear();
  EXPECT_TRUE(eventually([&] { return ops.connections() == 0; }));
  EXPECT_TRUE(app.stop().in_time);
}

}  // namespace
}  // namespace braid::application_test
