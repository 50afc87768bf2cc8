#include "core/virtual_partitions/placement.hpp"
#include "unit/support/test_messages.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

// The partitioners and reducers beyond the default, as a runner meets them. What sticky and balanced promise in
// full is tested with their classes.

namespace braid::core {
namespace {

using routing::NullKeys;
using routing::VirtualPartitions;
using test_support::TestMessages;
using By = routing::PartitionBy::Kind;
using Reduce = routing::Reducer::Kind;
using Indexes = std::vector<std::uint32_t>;

constexpr std::uint32_t kMax = 4;

// A placement, and what it said last.
struct Placer {
  explicit Placer(const VirtualPartitions& settings, std::uint32_t max_partitions = kMax)
      : placement(make_placement(settings, max_partitions)) {}

  Indexes operator()(const TestMessages& messages) {
    indexes.assign(messages.size(), 0xFFFFFFFF);
    keys.resize(messages.size());
    report = placement->place(messages.all(), indexes, keys);
    return indexes;
  }
  void release() { placement->release(keys, indexes); }

  std::unique_ptr<Placement> placement;
  Indexes indexes;
  std::vector<KeyId> keys;
  PartitionerReport report;
};

struct Keys {
  explicit Keys(const std::vector<std::optional<std::string>>& keys) {
    for (const auto& key : keys) messages.add(key, "{}");
  }
  operator const TestMessages&() const { return messages; }  // NOLINT: it is one
  TestMessages messages;
};

TEST(PlacementKinds, OnlyStickyRemembers) {
  for (const Reduce reduce : {Reduce::hash, Reduce::balanced, Reduce::sticky}) {
    for (const By by : {By::message_key, By::round_robin}) {
      const Placer placer({.by = {by, {}, {}}, .reducer = {reduce, {}}});
      EXPECT_EQ(placer.placement->remembers(), reduce == Reduce::sticky);
    }
  }
  EXPECT_FALSE(Placer({.by = {By::partition, {}, {}}}).placement->remembers());
}

TEST(PlacementKinds, ByPartitionAllGoToTheSameOneForGood) {
  Placer placer({.by = {By::partition, {}, {}}});
  for (int batch = 0; batch < 3; ++batch) {
    EXPECT_EQ(placer(Keys({"a", std::nullopt, "b", "c"})), Indexes(4, 0));
    EXPECT_EQ(std::set<KeyId>(placer.keys.begin(), placer.keys.end()).size(), 1u);
  }
}

TEST(PlacementKinds, RoundRobinGoesByOffsetWhateverTheKeys) {
  Placer placer({.by = {By::round_robin, {}, {}}});
  EXPECT_EQ(placer(Keys({"a", "a", "a", std::nullopt, "a", "a"})), (Indexes{0, 1, 2, 3, 0, 1}));
  EXPECT_EQ(std::set<KeyId>(placer.keys.begin(), placer.keys.end()).size(), 6u);
}

TEST(PlacementKinds, RoundRobinTakesTheLeastLoadedWhereItIsSticky) {
  Placer placer({.by = {By::round_robin, {}, {}}, .reducer = {Reduce::sticky, {}}});
  EXPECT_EQ(placer(Keys({"a", "a", "a", "a"})), (Indexes{0, 1, 2, 3}));
  // Two are done; the next two take their places.
  placer.placement->release(std::vector<KeyId>{placer.keys[1], placer.keys[2]}, Indexes{1, 2});
  TestMessages more;
  more.add({.offset = 4});
  more.add({.offset = 5});
  const Indexes next = placer(more);
  EXPECT_EQ(std::set<std::uint32_t>(next.begin(), next.end()), (std::set<std::uint32_t>{1, 2}));
}

TEST(PlacementKinds, RoundRobinIsEvenWhereItIsBalanced) {
  Placer placer({.by = {By::round_robin, {}, {}}, .reducer = {Reduce::balanced, {}}});
  TestMessages messages;
  for (std::int64_t i = 0; i < 40; ++i) messages.add({.offset = i * kMax});  // by offset all would go to 0
  Indexes counts(kMax);
  for (const std::uint32_t index : placer(messages)) ++counts.at(index);
  EXPECT_EQ(counts, Indexes(kMax, 10));
}

TEST(PlacementKinds, MessagesWithoutAKeyMayGoTogether) {
  for (const Reduce reduce : {Reduce::hash, Reduce::balanced, Reduce::sticky}) {
    Placer placer({.reducer = {reduce, {}}, .null_keys = NullKeys::together});
    const Indexes indexes = placer(Keys({std::nullopt, std::nullopt, "a", std::nullopt}));
    EXPECT_EQ(indexes[0], indexes[1]);
    EXPECT_EQ(indexes[0], indexes[3]);
    EXPECT_EQ(placer.keys[0], placer.keys[3]);
    EXPECT_EQ(placer.report.errors, 0u);
  }
}

TEST(PlacementKinds, AbsentHeadersGoTogetherTooAndAreReported) {
  Placer placer({.by = {By::header, "tenant", {}}, .null_keys = NullKeys::together});
  TestMessages messages;
  for (std::int64_t offset = 1; offset <= 3; ++offset) messages.add({.offset = offset});
  const Indexes indexes = placer(messages);
  EXPECT_EQ(indexes, Indexes(3, indexes[0]));
  EXPECT_EQ(placer.report.errors, 3u);
}

TEST(PlacementKinds, AReducerOfTheUserIsNotAskedOfMessagesThatGoTogether) {
  VirtualPartitions settings{.null_keys = NullKeys::together};
  settings.reducer = {Reduce::callable, [](const PartitionKey&, std::uint32_t) -> std::uint32_t { throw 1; }};
  Placer placer(settings);
  TestMessages messages;
  messages.add({.offset = 1});
  messages.add({.offset = 2});
  const Indexes indexes = placer(messages);
  EXPECT_EQ(indexes[0], indexes[1]);
  EXPECT_EQ(placer.report.errors, 0u);
}

TEST(PlacementKinds, APartitionerThatThrowsSendsToVirtualPartitionZeroUnderEveryReducer) {
  for (const Reduce reduce : {Reduce::hash, Reduce::balanced, Reduce::sticky}) {
    VirtualPartitions settings{.reducer = {reduce, {}}};
    settings.by = {By::callable, {}, [](const Message& message) -> PartitionKey {
                     if (message.key().starts_with("bad")) throw std::runtime_error("no tenant");
                     return message.key();
                   }};
    Placer placer(settings);
    const Indexes indexes = placer(Keys({"a", "b", "bad1", "c", "bad2", "d", "bad3"}));
    EXPECT_EQ(indexes[2], 0u);
    EXPECT_EQ(indexes[4], 0u);
    EXPECT_EQ(indexes[6], 0u);
    EXPECT_EQ(placer.report.errors, 3u);
    EXPECT_EQ(placer.report.first_error_text, "partitioner: no tenant");
    EXPECT_EQ(placer.report.first_error_offset, Offset{2});
    placer.release();  // they are counted like all others
  }
}

TEST(PlacementKinds, EqualKeysAreEqualWhereverTheyAreTakenFrom) {
  TestMessages messages;
  messages.add({.offset = 0, .key = "5", .payload = R"({"id": 5})", .headers = {{"id", "5"}}});
  const auto key_by = [&](By by, std::string name) {
    Placer placer({.by = {by, std::move(name), {}}});
    placer(messages);
    return placer.keys[0];
  };
  EXPECT_EQ(key_by(By::message_key, ""), key_id(std::string_view("5")));
  EXPECT_EQ(key_by(By::header, "id"), key_id(std::string_view("5")));
  EXPECT_EQ(key_by(By::json_field, "id"), key_id(std::string_view("5")));
}

TEST(PlacementKinds, StickyKeepsAKeyInFlightAndMovesItOnceItIsDone) {
  Placer placer({.reducer = {Reduce::sticky, {}}});
  const Indexes first = placer(Keys({"a", "b", "a"}));
  EXPECT_EQ(first, (Indexes{0, 1, 0}));
  const auto first_keys = placer.keys;
  EXPECT_EQ(placer(Keys({"c", "d", "b", "a"})), (Indexes{2, 3, 1, 0}));
  // One of a's three is done: it stays.
  placer.placement->release(std::vector<KeyId>{first_keys[0]}, Indexes{0});
  EXPECT_EQ(placer(Keys({"a"})), (Indexes{0}));
}

TEST(PlacementKindsDeathTest, EachMessageNeedsRoom) {
  TestMessages messages;
  messages.add("k", "p");
  Indexes indexes(1);
  std::vector<KeyId> keys(1);
  const auto placement = make_placement({}, kMax);
  EXPECT_DEATH(placement->place(messages.all(), {}, keys), "room for its index");
  EXPECT_DEATH(placement->place(messages.all(), indexes, {}), "room for its key");
}

}  // namespace
}  // namespace braid::core
