#include "consumers.hpp"

#include <braid/routing/describe.hpp>
#include <braid/routing/draw.hpp>
#include <braid/routing/load.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

// The options of the whole engine in files: what they mean, and what is said of mistakes.

namespace {

using namespace std::chrono_literals;
using namespace braid::routing;
using routing_test::problems_of;
using routing_test::registry;
using routing_test::topic_with;
using routing_test::Totals;
using Lines = std::vector<std::string>;
using When = Commit::When;

// One topic's options in YAML, and the same in C++.
struct Option {
  const char* yaml;
  std::function<void(TopicBuilder&)> draw;
};

TEST(LoadOptions, EachIsWhatTheDslDraws) {
  const std::vector<Option> options{
      {"virtual_partitions: {by: round_robin}",
       [](auto& t) { t.virtual_partitions({.by = braid::round_robin()}); }},
      {"virtual_partitions: {by: partition}", [](auto& t) { t.virtual_partitions({.by = braid::partition()}); }},
      {"virtual_partitions: {reducer: balanced}",
       [](auto& t) { t.virtual_partitions({.reducer = braid::balanced()}); }},
      {"virtual_partitions: {reducer: sticky}",
       [](auto& t) { t.virtual_partitions({.reducer = braid::sticky()}); }},
      {"virtual_partitions: {null_keys: round_robin}", [](auto&) {}},
      {"virtual_partitions: {null_keys: together}",
       [](auto& t) { t.virtual_partitions({.null_keys = NullKeys::together}); }},
      {"order: unordered", [](auto& t) { t.order(Order::unordered); }},
      {"order: by_key", [](auto& t) { t.order(Order::by_key); }},
      {"order: by_partition, virtual_partitions: {max_partitions: 1}",
       [](auto& t) { t.order(Order::by_partition).virtual_partitions({.max_partitions = 1}); }},
      {"flow: continuous", [](auto& t) { t.flow(Flow::continuous); }},
      {"max_queued: 7", [](auto& t) { t.max_queued(7); }},
      {"max_open_offsets: 777", [](auto& t) { t.max_open_offsets(777); }},
      {"max_window: 1000000", [](auto& t) { t.max_window(1'000'000); }},
      {"max_bytes: 2048", [](auto& t) { t.max_bytes(2048); }},
      {"max_bytes: 64 MiB", [](auto& t) { t.max_bytes(64 << 20); }},
      {"max_bytes: 64MB", [](auto& t) { t.max_bytes(64'000'000); }},
      {"hold_copy_after: 5s", [](auto& t) { t.hold_copy_after(5s); }},
      {"hold_copy_after: never", [](auto& t) { t.hold_copy_after(std::nullopt); }},
      {"hold_copy_after: 1s", [](auto&) {}},
      {"max_concurrency: 3", [](auto& t) { t.max_concurrency(3); }},
      {"max_in_flight: 5000", [](auto& t) { t.max_in_flight(5000); }},
      {"offsets: automatic", [](auto& t) { t.offsets(Offsets::automatic); }},
      {"offsets: manual", [](auto& t) { t.offsets(Offsets::manual); }},
      {"commit: interval", [](auto&) {}},
      {"commit: after_batch", [](auto& t) { t.commit(When::after_batch); }},
      {"commit: each_message, flow: continuous",
       [](auto& t) { t.commit(When::each_message).flow(Flow::continuous); }},
      {"commit: manual", [](auto& t) { t.commit(When::manual); }},
      {"commit: before_processing", [](auto& t) { t.commit(When::before_processing); }},
      {"commit: {when: after_batch, sync: true}",
       [](auto& t) { t.commit({.when = When::after_batch, .sync = true}); }},
      {"commit: {interval: 2s}", [](auto& t) { t.commit({.interval = 2s}); }},
      {"commit: {when: interval, sync: false, interval: 2s}", [](auto& t) { t.commit({.interval = 2s}); }},
      {"commit: {}", [](auto&) {}},
      {"delivery: at_least_once", [](auto&) {}},
      {"delivery: exactly_once", [](auto& t) { t.delivery(Delivery::exactly_once); }},
      {"delivery: exactly_once, transaction_batches: 10, transaction_interval: 250ms",
       [](auto& t) { t.delivery(Delivery::exactly_once).transaction_batches(10).transaction_interval(250ms); }},
      {"end_of_partition: true", [](auto& t) { t.end_of_partition(); }},
      {"end_of_partition: false", [](auto&) {}},
      {"tick_every: 5s", [](auto& t) { t.tick_every(5s); }},
      {"max_processing_time: 30s", [](auto& t) { t.max_processing_time(30s); }},
      {"stalled_after: 2m", [](auto& t) { t.stalled_after(2min); }},
      {"stalled_after: never", [](auto& t) { t.stalled_after(0ms); }},
      {"ticket_timeout: 1m", [](auto& t) { t.ticket_timeout(1min); }},
      {"ticket_timeout: 1m, on_ticket_timeout: retry",
       [](auto& t) { t.ticket_timeout(1min).on_ticket_timeout(OnTicketTimeout::retry); }},
      {"on_ticket_timeout: stop", [](auto& t) { t.on_ticket_timeout(OnTicketTimeout::stop); }},
  };
  for (const Option& option : options) {
    const Loaded loaded = load_text(topic_with(option.yaml), registry());
    EXPECT_EQ(routing_test::lines(loaded.problems), Lines{}) << option.yaml;
    const Routes drawn = draw([&](RoutesBuilder& r) {
      TopicBuilder topic = r.consumer_group("analytics").subscription_group("clicks").topic("events");
      topic.consumer<Totals>();
      option.draw(topic);
    });
    EXPECT_TRUE(loaded.routes == drawn) << option.yaml << '\n' << describe(loaded.routes) << describe(drawn);
  }
}

// One mistake in a topic: where on line 7 it is, and its message.
struct Mistake {
  const char* options;
  int column;
  const char* problem;
};

TEST(LoadOptions, EachMistakeHasItsMessageAndPlace) {
  const std::vector<Mistake> mistakes{
      {"flow: continous", 19, "unknown flow 'continous'; did you mean 'continuous'?"},
      {"virtual_partitions: {by: round_robbin}", 38,
       "by must be key, round_robin, partition, {header: NAME} or {json: FIELD}, is 'round_robbin'; did you mean "
       "'round_robin'?"},
      {"virtual_partitions: {reducer: stiky}", 43, "unknown reducer 'stiky'; did you mean 'sticky'?"},
      {"delivery: exactly_onse", 23, "unknown delivery 'exactly_onse'; did you mean 'exactly_once'?"},
      {"virtual_partitions: {null_keys: apart}", 45, "unknown null_keys 'apart'; known: round_robin, together"},
      {"order: by_keys", 20, "unknown order 'by_keys'; did you mean 'by_key'?"},
      {"order: by_key, virtual_partitions: {by: key}", 20,
       "order and virtual_partitions.by both say how messages are told apart; leave one of them out"},
      {"virtual_partitions: {reducer: balanced}, flow: continuous", 43,
       "reducer balanced needs flow: batch, whose barrier keeps the order across batches; use sticky"},
      {"max_queued: 0", 25, "max_queued must be at least 1, is 0"},
      {"max_window: 10", 25,
       "max_window must be at least max_open_offsets (100000), or these could never be open, is 10"},
      {"max_messages: 60000", 27,
       "max_open_offsets must be at least twice max_messages (60000), since a batch gathers while another one "
       "runs, "
       "is 100000"},
      {"max_messages: 500, max_open_offsets: 999", 50,
       "max_open_offsets must be at least twice max_messages (500), since a batch gathers while another one runs, "
       "is "
       "999"},
      {"max_bytes: 64 mebibytes", 24,
       "max_bytes must be a size such as 64 MiB, 64MB or 67108864, is '64 mebibytes'"},
      {"max_bytes: [1]", 24, "max_bytes must be a size such as 64 MiB, 64MB or 67108864, is a list"},
      {"max_bytes: -1", 24, "max_bytes must be at least 1 KiB, is -1"},
      {"max_bytes: 99999999999999999999", 24, "max_bytes must be at most 1 TiB, is 99999999999999999999"},
      {"max_bytes: 1000", 24, "max_bytes must be at least 1 KiB, is 1000 B"},
      {"hold_copy_after: 0", 30, "hold_copy_after must be at least 1ms, is 0"},
      {"hold_copy_after: nver", 30, "hold_copy_after must be a duration such as 100ms, 5s, 2m or never, is 'nver'"},
      {"hold_copy_after: [never]", 30,
       "hold_copy_after must be a duration such as 100ms, 5s, 2m or never, is a list"},
      {"max_concurrency: lots", 30, "max_concurrency must be a whole number, is 'lots'"},
      {"offsets: manuel", 22, "unknown offsets 'manuel'; did you mean 'manual'?"},
      {"commit: after_bach", 21, "unknown commit 'after_bach'; did you mean 'after_batch'?"},
      {"commit: [manual]", 21, "commit must be text, is a list"},
      {"commit: each_message", 21, "commit: each_message needs flow: continuous; with flow: batch use after_batch"},
      {"commit: {when: each_message}", 28,
       "commit: each_message needs flow: continuous; with flow: batch use after_batch"},
      {"commit: {when: manual, sync: true}", 42,
       "commit: sync is for after_batch and each_message, which something follows; with manual leave it out"},
      {"commit: {sync: yes}", 28, "commit: sync must be true or false, is 'yes'"},
      {"commit: {when: manual, interval: 2s}", 46,
       "commit: an interval is for when: interval alone; with manual leave it out"},
      {"commit: {interval: 1ms}", 32, "commit: interval must be at least 10ms, is 1ms"},
      {"commit: {wen: manual}", 22, "unknown key 'wen'; did you mean 'when'?"},
      {"end_of_partition: maybe", 31, "end_of_partition must be true or false, is 'maybe'"},
      {"tick_every: 0", 25, "tick_every must be at least 1ms, is 0"},
      {"on_ticket_timeout: retri", 32, "unknown on_ticket_timeout 'retri'; did you mean 'retry'?"},
      {"on_ticket_timeout: retry", 32,
       "on_ticket_timeout: retry needs a ticket_timeout, since without one no ticket is ever overdue"},
      {"max_open_ofsets: 1", 13, "unknown key 'max_open_ofsets'; did you mean 'max_open_offsets'?"},
  };
  for (const Mistake& mistake : mistakes) {
    EXPECT_EQ(problems_of(topic_with(mistake.options)), Lines{"routing.yaml:7:" + std::to_string(mistake.column) +
                                                              ": analytics / clicks / events: " + mistake.problem})
        << mistake.options;
  }
}

TEST(LoadOptions, ASubscriptionGroupsConcurrencyIsItsOwn) {
  const auto file = [](const std::string& jobs) {
    return "consumer_groups: [{id: g, subscription_groups: [{id: s, max_concurrency: " + jobs +
           ", topics: [{name: t, consumer: Totals}]}]}]";
  };
  const Loaded loaded = load_text(file("4"), registry());
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded.routes.consumer_groups[0].subscription_groups[0].max_concurrency, 4u);
  EXPECT_FALSE(loaded.routes.consumer_groups[0].subscription_groups[0].topics[0].max_concurrency);
  EXPECT_EQ(problems_of(file("0")), Lines{"routing.yaml:1:74: g / s: max_concurrency must be at least 1, is 0"});
}

}  // namespace
