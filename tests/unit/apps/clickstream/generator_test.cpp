#include "apps/clickstream/src/generator.hpp"

#include "apps/clickstream/src/columns.hpp"
#include "apps/clickstream/src/totals.hpp"
#include "generated_events.hpp"
#include "tests/lib/paths.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>

namespace clickstream {
namespace {

TEST(Generator, StillYieldsTheSampleOfTheRepository) {
  std::ifstream file(braid::test_paths::source("apps/clickstream/data/sample.csv"), std::ios::binary);
  ASSERT_TRUE(file);
  const std::string sample{std::istreambuf_iterator<char>(file), {}};
  EXPECT_LT(sample.size(), 2'000'000U);
  // Not EXPECT_EQ, which would print both.
  EXPECT_TRUE(sample == generated_text(10'000, 1));
}

TEST(Generator, TheSameSeedGivesTheSameFileAndAnotherSeedAnother) {
  EXPECT_TRUE(generated_text(2'000, 5) == generated_text(2'000, 5));
  EXPECT_FALSE(generated_text(2'000, 5) == generated_text(2'000, 6));
}

TEST(Generator, WritesTheHeaderAndAsManyEventsAsAsked) {
  std::string header_alone(standard_header);
  header_alone.append("\n");
  EXPECT_EQ(generated_text(0, 1), header_alone);
  for (const std::uint64_t count : {1U, 2U, 999U}) {
    const std::string text = generated_text(count, 1);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), static_cast<std::ptrdiff_t>(count + 1));
  }
}

TEST(Generator, TellsItsProgressUpToTheEnd) {
  std::ostringstream out;
  std::uint64_t last = 0;
  generate_events(5'000, 1, out, [&](std::uint64_t done) {
    EXPECT_GE(done, last);
    last = done;
  });
  EXPECT_EQ(last, 5'000U);
}

TEST(Generator, StopsWhenTheStreamFails) {
  std::ostringstream out;
  out.setstate(std::ios::failbit);
  std::uint64_t told = 0;
  generate_events(1'000'000'000, 1, out, [&](std::uint64_t) { ++told; });
  EXPECT_EQ(told, 0U);
}

class GeneratorProperties : public testing::Test {
 protected:
  static const std::vector<Event>& events() {
    static const GeneratedEvents generated(100'000, 3);
    return generated.events();
  }
};

TEST_F(GeneratorProperties, TimesNeverFallAndDoRise) {
  const auto earlier = [](const Event& left, const Event& right) { return left.event_time < right.event_time; };
  EXPECT_TRUE(std::is_sorted(events().begin(), events().end(), earlier));
  EXPECT_GT(events().back().event_time, events().front().event_time + 3'600);
}

TEST_F(GeneratorProperties, TypesHaveBelievableShares) {
  Totals totals;
  for (const Event& event : events()) totals.add(event);
  const Counts& counts = totals.counts();
  const auto share = [&](std::uint64_t count) { return static_cast<double>(count) / 100'000; };
  EXPECT_GT(share(counts.views), 0.85);
  EXPECT_LT(share(counts.views), 0.97);
  EXPECT_GT(counts.carts, counts.purchases + counts.removals);
  EXPECT_GT(share(counts.purchases), 0.01);
  EXPECT_GT(share(counts.removals), 0.002);
  EXPECT_GT(totals.sessions(), 100'000U / 10);
  EXPECT_LT(totals.sessions(), 100'000U / 2);
  EXPECT_LT(totals.users(), totals.sessions());
}

TEST_F(GeneratorProperties, ProductsAreSkewedLikeZipf) {
  Totals totals;
  for (const Event& event : events()) totals.add(event);
  const auto ranked = totals.most_viewed(totals.products_viewed());
  std::uint64_t first_tenth = 0;
  for (std::size_t rank = 0; rank < ranked.size() / 10; ++rank) first_tenth += ranked[rank].product.views;
  const double share = static_cast<double>(first_tenth) / static_cast<double>(totals.counts().views);
  EXPECT_GT(share, 0.4);
  EXPECT_GT(ranked[0].product.views, 5 * ranked[100].product.views);
  EXPECT_GT(ranked.size(), 3'000U);
}

TEST_F(GeneratorProperties, UsersAreSkewedButNoneIsAPartitionOfItsOwn) {
  std::unordered_map<std::uint64_t, std::size_t> events_of_user;
  for (const Event& event : events()) ++events_of_user[event.user_id];
  std::vector<std::size_t> loads;
  for (const auto& [user, count] : events_of_user) loads.push_back(count);
  std::sort(loads.rbegin(), loads.rend());
  EXPECT_GT(loads[0], 10 * loads[loads.size() / 2]);
  EXPECT_LT(loads[0], 100'000U / 50);
}

TEST_F(GeneratorProperties, AProductKeepsItsCategoryBrandAndPrice) {
  using Description = std::tuple<std::uint64_t, std::string_view, std::string_view, std::int64_t>;
  std::unordered_map<std::uint64_t, Description> known;
  for (const Event& event : events()) {
    const Description description{event.category_id, event.category_code, event.brand, event.price_cents};
    ASSERT_EQ(known.try_emplace(event.product_id, description).first->second, description) << event.product_id;
    ASSERT_GT(event.price_cents, 0);
  }
}

TEST_F(GeneratorProperties, SomeCategoryCodesAndBrandsAreEmpty) {
  const auto share = [&](auto matches) {
    return static_cast<double>(std::count_if(events().begin(), events().end(), matches)) / 100'000;
  };
  const double codes = share([](const Event& event) { return event.category_code.empty(); });
  const double brands = share([](const Event& event) { return event.brand.empty(); });
  EXPECT_GT(codes, 0.03);
  EXPECT_LT(codes, 0.5);
  EXPECT_GT(brands, 0.03);
  EXPECT_LT(brands, 0.5);
}

TEST_F(GeneratorProperties, SessionsLookLikeUuidsAndBelongToOneUser) {
  const std::regex uuid("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}");
  std::unordered_map<std::string_view, std::uint64_t> user_of_session;
  for (const Event& event : events()) {
    const auto [entry, fresh] = user_of_session.try_emplace(event.user_session, event.user_id);
    ASSERT_EQ(entry->second, event.user_id);
    if (fresh) {
      ASSERT_TRUE(std::regex_match(event.user_session.begin(), event.user_session.end(), uuid));
    }
  }
}

TEST_F(GeneratorProperties, NothingIsCartedUnseenOrRemovedOrBoughtUncarted) {
  std::map<std::pair<std::string_view, std::uint64_t>, std::pair<bool, int>> seen_and_in_cart;
  for (const Event& event : events()) {
    auto& [seen, in_cart] = seen_and_in_cart[{event.user_session, event.product_id}];
    if (event.event_type == EventType::view) {
      seen = true;
    } else if (event.event_type == EventType::cart) {
      ASSERT_TRUE(seen);
      ++in_cart;
    } else {
      ASSERT_GT(in_cart--, 0);
    }
  }
}

}  // namespace
}  // namespace clickstream
