#include "ops/src/site.hpp"

#include "fake_source.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <variant>

namespace braid::ops {
namespace {

using namespace std::chrono_literals;

constexpr const char* kToken = "0123456789abcdef";
constexpr PageFile kPage[] = {{"/", "text/html; charset=utf-8", "<!doctype html>", "\"1\""}};

class SiteTest : public testing::Test {
 protected:
  SiteTest() { source->now = example_snapshot(); }

  Site& site() {
    if (!site_) {
      site_ = std::make_unique<Site>(OpsServer::Seams{.source = source, .commands = source}, options, providers,
                                     kPage, [this] { return now; });
    }
    return *site_;
  }
  Response get(const std::string& target) {
    Request request;
    request.hosts = {"localhost"};
    EXPECT_TRUE(parse_target(target, request));
    return site().answer(request);
  }
  Response post(const std::string& path, const std::string& body, const std::string& token = kToken) {
    Request request;
    request.method = Method::post;
    request.path = path;
    request.hosts = {"localhost"};
    request.content_type = "application/json";
    request.token = token;
    request.body = body;
    return site().answer(request);
  }

  const std::shared_ptr<FakeSource> source = std::make_shared<FakeSource>();
  OpsServer::Options options{.token = kToken};
  OpsServer::Providers providers{};
  Site::Time now{};

 private:
  std::unique_ptr<Site> site_;
};

TEST_F(SiteTest, EachPathIsAnsweredInJson) {
  for (const char* path : {"/api/application", "/api/connections", "/api/partitions", "/api/virtual-partitions",
                           "/api/jobs", "/api/configuration", "/api/errors", "/api/letters", "/api/rebalances",
                           "/api/interface", "/healthz", "/readyz"}) {
    const Response response = get(path);
    EXPECT_EQ(response.status, 200) << path;
    EXPECT_EQ(response.content_type, "application/json") << path;
    EXPECT_TRUE(boost::json::parse(response.body).is_object()) << path;
  }
}

TEST_F(SiteTest, APartitionMayBeNamed) {
  EXPECT_EQ(
      boost::json::parse(get("/api/partitions?topic=orders&partition=3").body).at("partitions").as_array().size(),
      1U);
  for (const char* bad : {"x", "-1", "3x", "", "99999999999"}) {
    EXPECT_EQ(get(std::string("/api/partitions?partition=") + bad).status, 400) << bad;
  }
}

// However many ask, the listeners are asked now and then.
TEST_F(SiteTest, OneSnapshotServesAllWhoAskWithinItsAge) {
  for (int i = 0; i < 100; ++i) get("/api/jobs");
  EXPECT_FALSE(site().news().empty());
  EXPECT_EQ(source->asked, 1);
  EXPECT_EQ(source->last_patience, 300ms);
  now += 199ms;
  get("/api/jobs");
  EXPECT_EQ(source->asked, 1);
  now += 1ms;
  get("/api/jobs");
  EXPECT_EQ(source->asked, 2);
}

TEST_F(SiteTest, ACommandIsObeyedAndSeen) {
  get("/api/jobs");
  const Response response = post("/api/commands/pause", R"({"topic":"orders"})");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "{\"done\":\"done\"}\n");
  ASSERT_EQ(source->told.size(), 1U);
  EXPECT_EQ(std::get<Pause>(source->told[0]).choice.topic, "orders");
  get("/api/jobs");
  EXPECT_EQ(source->asked, 2);  // what was known before it is old
}

TEST_F(SiteTest, ARefusedCommandSaysWhy) {
  EXPECT_EQ(post("/api/commands/pause", "{}").status, 400);
  EXPECT_TRUE(source->told.empty());
  source->answer = Error(Error::Kind::unknown_topic, "nobody has it");
  const Response response = post("/api/commands/pause", R"({"topic":"orders"})");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(boost::json::parse(response.body).at("error").at("message").as_string(), "nobody has it");
  EXPECT_EQ(post("/api/commands/explode", "{}").status, 404);
}

TEST_F(SiteTest, WithoutTheTokenNothingIsObeyed) {
  EXPECT_EQ(post("/api/commands/quiet", "{}", "").status, 401);
  EXPECT_EQ(post("/api/commands/quiet", "{}", "fedcba9876543210").status, 401);
  EXPECT_TRUE(source->told.empty());
}

TEST_F(SiteTest, WithoutATokenThereAreNoCommands) {
  options.token = "";
  for (const char* name : {"quiet", "pause", "resume", "concurrency", "log-level", "seek"}) {
    for (const char* token : {"", kToken}) {
      EXPECT_EQ(post(std::string("/api/commands/") + name, "{}", token).status, 404) << name;
    }
  }
  EXPECT_TRUE(source->told.empty());
  EXPECT_TRUE(boost::json::parse(get("/api/interface").body).at("commands").as_array().empty());
}

TEST_F(SiteTest, TellsWhichCommandsThereAre) {
  EXPECT_EQ(boost::json::parse(get("/api/interface").body).at("commands").at(0).as_string(), "quiet");
}

TEST_F(SiteTest, ForeignersAreRefusedEverywhere) {
  Request request;
  request.hosts = {"evil.example"};
  for (const char* path : {"/", "/metrics", "/healthz", "/api/live", "/no-such-thing"}) {
    request.path = path;
    EXPECT_EQ(site().answer(request).status, 421) << path;
  }
}

TEST_F(SiteTest, MetricsAreThereIfSomebodyProvidesThem) {
  EXPECT_EQ(get("/metrics").status, 404);
}

TEST_F(SiteTest, MetricsAreTextOfTheProvider) {
  providers.metrics = [] { return std::string("braid_connections 1\n"); };
  const Response response = get("/metrics");
  EXPECT_EQ(response.body, "braid_connections 1\n");
  EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
}

TEST_F(SiteTest, ProbesSayWhatTheirProvidersSay) {
  providers.healthy = [] { return Health{.good = false, .json = R"({"stuck":["braid-l-0"]})"}; };
  providers.ready = [] { return Health{.good = true, .json = R"({"partitions":3})"}; };
  EXPECT_EQ(get("/healthz").status, 503);
  EXPECT_EQ(get("/healthz").body, "{\"stuck\":[\"braid-l-0\"]}\n");
  EXPECT_EQ(get("/readyz").status, 200);
}

TEST_F(SiteTest, WithoutProvidersItIsReadyWhileItRuns) {
  source->now.state = ApplicationState::stopping;
  EXPECT_EQ(get("/readyz").status, 503);
  EXPECT_EQ(get("/healthz").status, 200);
  EXPECT_EQ(boost::json::parse(get("/readyz").body).at("state").as_string(), "stopping");
}

TEST_F(SiteTest, ThePageIsKeptByBrowsersUntilItChanges) {
  const Response response = get("/");
  EXPECT_EQ(response.fixed_body, "<!doctype html>");
  EXPECT_EQ(response.etag, "\"1\"");
  Request again;
  again.hosts = {"localhost"};
  again.if_none_match = "\"1\"";
  const Response same = site().answer(again);
  EXPECT_EQ(same.status, 304);
  EXPECT_FALSE(same.fixed_body.has_value());
}

TEST_F(SiteTest, LiveNewsAreAStream) {
  EXPECT_TRUE(get("/api/live").stream);
  EXPECT_TRUE(boost::json::parse(site().news()).is_object());
}

}  // namespace
}  // namespace braid::ops
