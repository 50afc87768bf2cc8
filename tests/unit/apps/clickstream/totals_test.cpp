#include "apps/clickstream/src/totals.hpp"

#include "apps/clickstream/src/random.hpp"
#include "generated_events.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <numeric>
#include <string>
#include <vector>

namespace clickstream {
namespace {

Event event_of(EventType type, std::uint64_t product, std::int64_t cents, std::uint64_t user,
               std::string_view session) {
  Event event;
  event.event_time = 100;
  event.event_type = type;
  event.product_id = product;
  event.price_cents = cents;
  event.user_id = user;
  event.user_session = session;
  return event;
}

Totals totals_of(const std::vector<Event>& events) {
  Totals totals;
  for (const Event& event : events) totals.add(event);
  return totals;
}

const std::vector<Event>& many_events() {
  static const GeneratedEvents generated(1'000, 11);
  return generated.events();
}

TEST(Totals, CountsEachTypeAndSumsThePurchases) {
  const Totals totals =
      totals_of({event_of(EventType::view, 1, 100, 7, "a"), event_of(EventType::view, 1, 100, 8, "b"),
                 event_of(EventType::cart, 1, 100, 7, "a"), event_of(EventType::remove_from_cart, 1, 100, 7, "a"),
                 event_of(EventType::purchase, 1, 110, 8, "b"), event_of(EventType::purchase, 2, 5, 8, "b")});
  EXPECT_EQ(totals.counts(), (Counts{.events = 6,
                                     .views = 2,
                                     .carts = 1,
                                     .removals = 1,
                                     .purchases = 2,
                                     .revenue_cents = 115,
                                     .first_time = 100,
                                     .last_time = 100}));
  EXPECT_EQ(totals.sessions(), 2U);
  EXPECT_EQ(totals.users(), 2U);
  EXPECT_EQ(totals.products_viewed(), 1U);
  EXPECT_EQ(totals.sessions_that_bought(), 1U);
}

TEST(Totals, MostViewedBreaksTiesByProductIdAscending) {
  std::vector<Event> events;
  for (const std::uint64_t product : {9U, 3U, 5U, 3U, 9U, 4U}) {
    events.push_back(event_of(EventType::view, product, 1, 1, "a"));
  }
  const auto ranked = totals_of(events).most_viewed(3);
  ASSERT_EQ(ranked.size(), 3U);
  EXPECT_EQ(ranked[0].product_id, 3U);
  EXPECT_EQ(ranked[1].product_id, 9U);
  EXPECT_EQ(ranked[2].product_id, 4U);
  EXPECT_EQ(totals_of(events).most_viewed(100).size(), 4U);
  EXPECT_TRUE(Totals{}.most_viewed(10).empty());
}

RC_GTEST_PROP(Totals, AnySplitInAnyOrderMergesToTheSame, ()) {
  const auto parts = *rc::gen::inRange<std::size_t>(1, 12);
  std::vector<Totals> split(parts);
  std::vector<std::size_t> order(many_events().size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  Random random(*rc::gen::arbitrary<std::uint64_t>());
  random.shuffle(order);
  for (const std::size_t index : order) split[random.below(parts)].add(many_events()[index]);

  // Merged in pairs of any kind, so that associativity is asked for too.
  while (split.size() > 1) {
    const std::size_t into = random.below(split.size());
    const std::size_t from = (into + 1 + random.below(split.size() - 1)) % split.size();
    split[into].merge(split[from]);
    split.erase(split.begin() + static_cast<std::ptrdiff_t>(from));
  }
  const Totals expected = totals_of(many_events());
  RC_ASSERT(split[0] == expected);
  RC_ASSERT(differences(split[0], expected).empty());
}

TEST(Totals, MergingWithItselfDoublesCountersButNotSessions) {
  Totals totals = totals_of(many_events());
  const auto sessions = totals.sessions();
  totals.merge(totals);
  EXPECT_EQ(totals.counts().events, 2'000U);
  EXPECT_EQ(totals.sessions(), sessions);
}

TEST(Totals, MergingNothingChangesNothing) {
  Totals totals = totals_of(many_events());
  totals.merge(Totals{});
  EXPECT_EQ(totals, totals_of(many_events()));
  Totals none;
  none.merge(totals);
  EXPECT_EQ(none, totals);
}

RC_GTEST_PROP(Totals, AMissingEventIsAlwaysADifference, ()) {
  auto events = many_events();
  events.erase(events.begin() + *rc::gen::inRange<std::ptrdiff_t>(0, 1'000));
  const Totals actual = totals_of(events);
  RC_ASSERT(!(actual == totals_of(many_events())));
  RC_ASSERT(!differences(actual, totals_of(many_events())).empty());
}

TEST(Totals, DifferencesAreToldInWords) {
  const Totals expected =
      totals_of({event_of(EventType::view, 1, 0, 7, "a"), event_of(EventType::view, 2, 0, 8, "b"),
                 event_of(EventType::purchase, 2, 250, 8, "b")});
  const Totals actual =
      totals_of({event_of(EventType::view, 1, 0, 7, "a"), event_of(EventType::view, 1, 0, 7, "a")});
  EXPECT_EQ(differences(actual, expected),
            (std::vector<std::string>{"events: 2, expected 3 (1 missing)", "purchases: 0, expected 1 (1 missing)",
                                      "revenue: 0.00, expected 2.50", "sessions: 1, expected 2 (1 missing)",
                                      "users: 1, expected 2 (1 missing)", "product 1: 2 views, expected 1",
                                      "product 2: 0 views, expected 1", "session b: missing", "user 8: missing"}));
  EXPECT_EQ(differences(actual, expected, 1)[6], "and 1 more products that differ");
  EXPECT_TRUE(differences(expected, expected).empty());
}

TEST(Totals, EveryKindOfDifferenceIsToldAlsoWhereCountsAgree) {
  Event branded = event_of(EventType::view, 1, 0, 7, "a");
  branded.brand = "acme";
  const Totals plain = totals_of({event_of(EventType::view, 1, 0, 7, "a")});
  EXPECT_EQ(differences(totals_of({branded}), plain),
            std::vector<std::string>{"product 1: its brand or category differs"});
  Event later = event_of(EventType::view, 1, 0, 7, "a");
  later.event_time = 160;
  EXPECT_EQ(differences(totals_of({later}), plain),
            (std::vector<std::string>{"first event: 1970-01-01 00:02:40 UTC, expected 1970-01-01 00:01:40 UTC",
                                      "last event: 1970-01-01 00:02:40 UTC, expected 1970-01-01 00:01:40 UTC"}));
  const auto buys = [](std::string_view buyer, std::string_view other) {
    return totals_of({event_of(EventType::purchase, 1, 5, 7, buyer), event_of(EventType::cart, 1, 5, 7, other)});
  };
  EXPECT_EQ(
      differences(buys("a", "b"), buys("b", "a")),
      (std::vector<std::string>{"session a: has a purchase, expected none", "session b: its purchase is missing"}));
}

}  // namespace
}  // namespace clickstream
