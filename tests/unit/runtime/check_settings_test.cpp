#include "runtime/check_settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

namespace braid::runtime {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

Settings good() {
  Settings settings;
  settings.kafka = {{"bootstrap.servers", "localhost:9092"}};
  return settings;
}

std::vector<std::string> problems_with(const std::function<void(Settings&)>& change) {
  Settings settings = good();
  change(settings);
  return check_settings(settings);
}

TEST(CheckSettings, TheDefaultsNeedOnlyABroker) {
  EXPECT_THAT(check_settings(good()), IsEmpty());
  EXPECT_THAT(check_settings(Settings{}),
              ElementsAre("kafka: bootstrap.servers is missing; set it to HOST:PORT[,HOST:PORT...]"));
}

TEST(CheckSettings, AnEmptyListOfBrokersIsNone) {
  EXPECT_THAT(problems_with([](Settings& s) { s.kafka["bootstrap.servers"] = ""; }),
              ElementsAre("kafka: bootstrap.servers is missing; set it to HOST:PORT[,HOST:PORT...]"));
}

TEST(CheckSettings, ConcurrencyHasTwoBounds) {
  EXPECT_THAT(problems_with([](Settings& s) { s.concurrency = 0; }),
              ElementsAre("concurrency must be from 1 to 10,000, is 0"));
  EXPECT_THAT(problems_with([](Settings& s) { s.concurrency = 1; }), IsEmpty());
  EXPECT_THAT(problems_with([](Settings& s) { s.concurrency = 10'000; }), IsEmpty());
  EXPECT_THAT(problems_with([](Settings& s) { s.concurrency = 10'001; }),
              ElementsAre("concurrency must be from 1 to 10,000, is 10001"));
}

struct Span {
  const char* name;
  std::chrono::milliseconds Settings::*member;
  std::chrono::milliseconds least;
  friend std::ostream& operator<<(std::ostream& out, const Span& span) { return out << span.name; }
};

class CheckDurations : public ::testing::TestWithParam<Span> {};

TEST_P(CheckDurations, HaveALeastAndAMost) {
  const auto& [name, member, least] = GetParam();
  const auto with = [member = member](std::chrono::milliseconds value) {
    return problems_with([&](Settings& s) { s.*member = value; });
  };
  const auto refused = [&](std::chrono::milliseconds value) {
    return std::string(name) + " must be at least " + std::to_string(least.count()) +
           " ms and at most a year, is " + std::to_string(value.count()) + " ms";
  };
  EXPECT_THAT(with(least), IsEmpty());
  EXPECT_THAT(with(least - 1ms), ElementsAre(refused(least - 1ms)));
  EXPECT_THAT(with(kLongest), IsEmpty());
  EXPECT_THAT(with(kLongest + 1ms), ElementsAre(refused(kLongest + 1ms)));
  // What would overflow when it is added to the clock's now.
  EXPECT_THAT(with(std::chrono::milliseconds::max()), ElementsAre(refused(std::chrono::milliseconds::max())));
  EXPECT_THAT(with(std::chrono::milliseconds::min()), ElementsAre(refused(std::chrono::milliseconds::min())));
}

INSTANTIATE_TEST_SUITE_P(Settings, CheckDurations,
                         ::testing::Values(Span{"commit_interval", &Settings::commit_interval, 10ms},
                                           Span{"connect_timeout", &Settings::connect_timeout, 1ms},
                                           Span{"transport_timeout", &Settings::transport_timeout, 1000ms},
                                           Span{"drain_on_revoke", &Settings::drain_on_revoke, 0ms},
                                           Span{"shutdown_timeout", &Settings::shutdown_timeout, 0ms},
                                           Span{"stalled_after", &Settings::stalled_after, 0ms}),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST(CheckSettings, ThePrefetchIsSharedByOnePartitionAtLeast) {
  EXPECT_THAT(problems_with([](Settings& s) { s.expected_partitions = 0; }),
              ElementsAre("expected_partitions must be at least 1, is 0"));
  EXPECT_THAT(problems_with([](Settings& s) { s.expected_partitions = 1; }), IsEmpty());
}

TEST(CheckSettings, ThePrefetchIsAtLeast64Kibibytes) {
  EXPECT_THAT(problems_with([](Settings& s) { s.prefetch_bytes = 65'535; }),
              ElementsAre("prefetch_bytes must be at least 65536, is 65535"));
  EXPECT_THAT(problems_with([](Settings& s) { s.prefetch_bytes = 65'536; }), IsEmpty());
}

TEST(CheckSettings, WhatIsHeldIsBoundedByAMebibyteAtLeast) {
  EXPECT_THAT(problems_with([](Settings& s) { s.max_bytes_in_flight = 1'048'575; }),
              ElementsAre("max_bytes_in_flight must be at least 1048576, is 1048575"));
  EXPECT_THAT(problems_with([](Settings& s) { s.max_bytes_in_flight = 1'048'576; }), IsEmpty());
}

TEST(CheckSettings, TheCommitsMetadataFitsIntoAStringOfTheProtocol) {
  EXPECT_THAT(problems_with([](Settings& s) { s.commit_metadata_bytes = 32'768; }),
              ElementsAre("commit_metadata_bytes must be from 0 to 32,767, is 32768"));
  EXPECT_THAT(problems_with([](Settings& s) { s.commit_metadata_bytes = 32'767; }), IsEmpty());
  EXPECT_THAT(problems_with([](Settings& s) { s.commit_metadata_bytes = 0; }), IsEmpty());
}

TEST(CheckSettings, AllProblemsAreToldAtOnce) {
  Settings settings;
  settings.concurrency = 0;
  settings.commit_interval = 0ms;
  settings.connect_timeout = 0ms;
  settings.transport_timeout = 0ms;
  settings.drain_on_revoke = -1ms;
  settings.shutdown_timeout = -1ms;
  settings.stalled_after = -1ms;
  settings.expected_partitions = 0;
  settings.prefetch_bytes = 0;
  settings.max_bytes_in_flight = 0;
  settings.commit_metadata_bytes = 1'000'000;
  EXPECT_EQ(check_settings(settings).size(), 12U);
}

TEST(LongestPoll, IsTheNearestSettingOrKafkasDefault) {
  Settings settings;
  routing::SubscriptionGroup group{.id = "lane"};
  EXPECT_EQ(longest_poll(settings, group), 5min);
  settings.kafka["max.poll.interval.ms"] = "60000";
  EXPECT_EQ(longest_poll(settings, group), 1min);
  group.kafka["max.poll.interval.ms"] = "7000";
  EXPECT_EQ(longest_poll(settings, group), 7s);
}

TEST(DrainOf, LeavesHalfOfTheTimeInWhichAMemberMustBeBack) {
  Settings settings;
  routing::SubscriptionGroup group{.id = "lane"};
  EXPECT_EQ(drain_of(settings, group), 5s);
  settings.drain_on_revoke = 150s;
  EXPECT_EQ(drain_of(settings, group), 150s);
  settings.drain_on_revoke = 150s + 1ms;
  EXPECT_EQ(drain_of(settings, group), 150s);
  settings.drain_on_revoke = kLongest;
  EXPECT_EQ(drain_of(settings, group), 150s);
  group.kafka["max.poll.interval.ms"] = "7000";
  EXPECT_EQ(drain_of(settings, group), 3500ms);
}

TEST(FindLongDrains, NamesTheGroupBothSettingsAndWhatIsDone) {
  Settings settings;
  routing::Routes routes;
  routes.consumer_groups.push_back({.id = "analytics"});
  routes.consumer_groups[0].subscription_groups.push_back({.id = "patient"});
  routes.consumer_groups[0].subscription_groups.push_back({.id = "quick"});
  EXPECT_THAT(find_long_drains(settings, routes), IsEmpty());
  routes.consumer_groups[0].subscription_groups[1].kafka["max.poll.interval.ms"] = "6000";
  EXPECT_THAT(find_long_drains(settings, routes),
              ElementsAre("analytics / quick: drain_on_revoke is 5000 ms, more than half of max.poll.interval.ms "
                          "(6000 ms), by which a member must be back from a rebalance: revoked partitions are "
                          "waited for 3000 ms; lower the one, or raise the other"));
}

TEST(LongestDrain, IsThatOfTheMostPatientSubscriptionGroup) {
  Settings settings;
  settings.drain_on_revoke = kLongest;
  routing::Routes routes;
  EXPECT_EQ(longest_drain(settings, routes), 0ms);
  routes.consumer_groups.push_back({.id = "analytics"});
  routes.consumer_groups[0].subscription_groups.push_back({.id = "quick"});
  routes.consumer_groups[0].subscription_groups[0].kafka["max.poll.interval.ms"] = "6000";
  EXPECT_EQ(longest_drain(settings, routes), 3s);
  routes.consumer_groups[0].subscription_groups.push_back({.id = "patient"});
  EXPECT_EQ(longest_drain(settings, routes), 150s);
}

TEST(FindSilentHooks, WhereNoEndsAreToldTheirHooksAreNamed) {
  routing::Routes routes;
  routing::Topic topic;
  topic.name = "events";
  topic.tick_every = std::chrono::seconds(1);
  routes.consumer_groups.push_back({.id = "group"});
  routes.consumer_groups[0].subscription_groups.push_back({.id = "lane", .topics = {topic}});
  EXPECT_THAT(find_silent_hooks(routes, false), IsEmpty());
  routes.consumer_groups[0].subscription_groups[0].topics[0].end_of_partition = true;
  EXPECT_THAT(find_silent_hooks(routes, true), IsEmpty());
  EXPECT_THAT(find_silent_hooks(routes, false),
              ElementsAre(::testing::StartsWith("group / lane / events: on_end_of_partition is never called")));
}

}  // namespace
}  // namespace braid::runtime
