#include "core/virtual_partitions/placement.hpp"

#include "core/virtual_partitions/hash_reducer.hpp"
#include "unit/support/test_messages.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace braid::core {
namespace {

using routing::PartitionBy;
using routing::Reducer;
using routing::VirtualPartitions;
using test_support::TestMessages;

constexpr std::uint32_t kMax = 16;

VirtualPartitions by_header(std::string name) {
  return {.by = {PartitionBy::Kind::header, std::move(name), {}}};
}
VirtualPartitions by_callable(std::function<PartitionKey(const Message&)> callable) {
  return {.by = {PartitionBy::Kind::callable, {}, std::move(callable)}};
}
VirtualPartitions reduced_by(std::function<std::uint32_t(const PartitionKey&, std::uint32_t)> callable) {
  return {.reducer = {Reducer::Kind::callable, std::move(callable)}};
}

struct Placed {
  std::vector<std::uint32_t> indexes;
  std::vector<KeyId> keys;
  PartitionerReport report;
};

Placed place(const VirtualPartitions& settings, const TestMessages& messages, std::uint32_t max_partitions = kMax) {
  Placed result;
  result.indexes.resize(messages.size(), 0xFFFFFFFF);
  result.keys.resize(messages.size());
  result.report = make_placement(settings, max_partitions)->place(messages.all(), result.indexes, result.keys);
  return result;
}

TEST(Placement, TheHashIsOneThatStays) {
  // Where keys live must not change from one version to the next: XXH3_64bits of each, modulo.
  EXPECT_EQ(reduce_by_hash(std::string_view(""), 1'000'000), 0x2d06800538d394c2u % 1'000'000);
  TestMessages messages;
  messages.add("customer-1", std::nullopt);
  EXPECT_EQ(place({}, messages).indexes[0], reduce_by_hash(std::string_view("customer-1"), kMax));
}

TEST(Placement, SameKeyMeetsInTheSameVirtualPartitionAcrossBatches) {
  const auto placement = make_placement({}, kMax);
  std::map<std::string, std::uint32_t> seen;
  for (int batch = 0; batch < 20; ++batch) {
    TestMessages messages;
    for (int i = 0; i < 50; ++i) messages.add("customer-" + std::to_string((batch * 7 + i) % 64), "p");
    std::vector<std::uint32_t> indexes(messages.size());
    std::vector<KeyId> keys(messages.size());
    placement->place(messages.all(), indexes, keys);
    for (std::size_t i = 0; i < messages.size(); ++i) {
      const auto [found, added] = seen.emplace(messages[i].key(), indexes[i]);
      EXPECT_EQ(found->second, indexes[i]) << messages[i].key();
    }
  }
  EXPECT_EQ(seen.size(), 64u);
}

TEST(Placement, HashSpreadsKeysEvenly) {
  for (const std::uint32_t max_partitions : {8u, 10u, 64u, 1000u}) {
    const int keys = 100 * static_cast<int>(max_partitions);
    std::vector<int> counts(max_partitions);
    for (int i = 0; i < keys; ++i) ++counts[reduce_by_hash(std::string_view(std::to_string(i)), max_partitions)];
    double chi_square = 0;
    for (const int count : counts) chi_square += (count - 100.0) * (count - 100.0) / 100.0;
    // Its mean is the number of degrees of freedom, its deviation the root of twice that.
    const double freedom = max_partitions - 1;
    EXPECT_LT(chi_square, freedom + 5 * std::sqrt(2 * freedom)) << max_partitions;
  }
}

TEST(Placement, MessagesWithoutAKeyGoRoundByOffset) {
  TestMessages messages;
  for (std::int64_t offset = 30; offset < 35; ++offset) messages.add({.offset = offset});
  messages.add({.offset = std::numeric_limits<std::int64_t>::max() - 1});
  const Placed got = place({}, messages);
  EXPECT_EQ(got.indexes, (std::vector<std::uint32_t>{14, 15, 0, 1, 2, 14}));
  EXPECT_EQ(got.report.errors, 0u);
}

TEST(Placement, EmptyKeyIsAKey) {
  TestMessages messages;
  messages.add("", "p");
  messages.add("", "p");
  const Placed got = place({}, messages);
  EXPECT_EQ(got.indexes[0], reduce_by_hash(std::string_view(), kMax));
  EXPECT_EQ(got.indexes[0], got.indexes[1]);
}

TEST(Placement, OneVirtualPartitionTakesAll) {
  TestMessages messages;
  for (int i = 0; i < 10; ++i) messages.add(i % 2 == 0 ? std::optional<std::string>("k") : std::nullopt, "p");
  EXPECT_EQ(place({}, messages, 1).indexes, std::vector<std::uint32_t>(10, 0));
}

TEST(Placement, HeaderIsTheKeyAndItsLastValueCounts) {
  TestMessages messages;
  messages.add({.offset = 3, .key = "x", .headers = {{"tenant", "a"}}});
  messages.add({.offset = 4, .key = "y", .headers = {{"tenant", "b"}, {"other", "c"}, {"tenant", "a"}}});
  const Placed got = place(by_header("tenant"), messages);
  EXPECT_EQ(got.indexes[0], reduce_by_hash(std::string_view("a"), kMax));
  EXPECT_EQ(got.indexes[1], got.indexes[0]);
  EXPECT_EQ(got.report.errors, 0u);
}

TEST(Placement, AbsentHeaderIsAnErrorAndGoesByOffset) {
  TestMessages messages;
  messages.add({.offset = 20, .headers = {{"tenant", "a"}}});
  messages.add({.offset = 21, .headers = {{"Tenant", "a"}}});
  messages.add({.offset = 22, .headers = {{"tenant", std::nullopt}}});
  const Placed got = place(by_header("tenant"), messages);
  EXPECT_EQ(got.indexes[1], 5u);
  EXPECT_EQ(got.indexes[2], 6u);
  EXPECT_EQ(got.report.errors, 2u);
  EXPECT_EQ(got.report.first_error_text, "header 'tenant': is absent");
  EXPECT_EQ(got.report.first_error_offset, Offset{21});
}

TEST(Placement, CallableMayGiveNumbersBytesOrNothing) {
  TestMessages messages;
  for (std::int64_t offset = 40; offset < 43; ++offset) messages.add({.offset = offset, .key = "5"});
  const Placed got = place(by_callable([](const Message& message) -> PartitionKey {
                             if (message.offset().value == 40) return std::uint64_t{5};
                             if (message.offset().value == 41) return message.key();
                             return {};
                           }),
                           messages);
  EXPECT_EQ(got.indexes[0], reduce_by_hash(std::string_view("5"), kMax));
  EXPECT_EQ(got.indexes[0], got.indexes[1]) << "the number and the text must meet";
  EXPECT_EQ(got.indexes[2], 42u % kMax);
  EXPECT_EQ(got.report.errors, 0u);
}

TEST(Placement, LargestNumberHasItsTextToo) {
  EXPECT_EQ(reduce_by_hash(PartitionKey(std::numeric_limits<std::uint64_t>::max()), 1000),
            reduce_by_hash(std::string_view("18446744073709551615"), 1000));
}

TEST(Placement, PartitionerThatThrowsSendsToVirtualPartitionZero) {
  TestMessages messages;
  for (std::int64_t offset = 1; offset <= 4; ++offset) messages.add({.offset = offset, .key = "k"});
  const Placed got = place(by_callable([](const Message& message) -> PartitionKey {
                             if (message.offset().value == 2) throw std::runtime_error("no tenant");
                             if (message.offset().value == 3) throw 7;
                             return message.key();
                           }),
                           messages);
  const std::uint32_t home = reduce_by_hash(std::string_view("k"), kMax);
  EXPECT_EQ(got.indexes, (std::vector<std::uint32_t>{home, 0, 0, home}));
  EXPECT_EQ(got.report.errors, 2u);
  EXPECT_EQ(got.report.first_error_text, "partitioner: no tenant");
  EXPECT_EQ(got.report.first_error_offset, Offset{2});
}

TEST(Placement, ThrownIntIsReported) {
  TestMessages messages;
  messages.add("k", "p");
  const Placed got = place(by_callable([](const Message&) -> PartitionKey { throw 7; }), messages);
  EXPECT_EQ(got.report.first_error_text, "partitioner: threw something that is no std::exception");
}

TEST(Placement, ErrorTextIsCut) {
  TestMessages messages;
  messages.add("k", "p");
  const Placed got =
      place(by_callable([](const Message&) -> PartitionKey { throw std::runtime_error(std::string(10'000, 'x')); }),
            messages);
  EXPECT_EQ(got.report.first_error_text.size(), 256u);
}

TEST(Placement, ReducerOfTheUserGetsTheKey) {
  TestMessages messages;
  messages.add("3", "p");
  messages.add("12", "p");
  const Placed got = place(reduced_by([](const PartitionKey& key, std::uint32_t max) {
                             EXPECT_EQ(max, kMax);
                             return static_cast<std::uint32_t>(std::stoi(std::string(key.bytes())));
                           }),
                           messages);
  EXPECT_EQ(got.indexes, (std::vector<std::uint32_t>{3, 12}));
  EXPECT_EQ(got.report.errors, 0u);
}

TEST(Placement, ReducerIsNotAskedWithoutAKey) {
  TestMessages messages;
  messages.add({.offset = 35});
  const Placed got =
      place(reduced_by([](const PartitionKey&, std::uint32_t) -> std::uint32_t { throw 1; }), messages);
  EXPECT_EQ(got.indexes[0], 3u);
  EXPECT_EQ(got.report.errors, 0u);
}

TEST(Placement, ReducerOutOfRangeOrThrowingSendsToVirtualPartitionZero) {
  TestMessages messages;
  for (const char* key : {"range", "high", "exception", "int", "good"}) messages.add(key, "p");
  const Placed got = place(reduced_by([](const PartitionKey& key, std::uint32_t max) -> std::uint32_t {
                             if (key.bytes() == "range") return max;
                             if (key.bytes() == "high") return 0xFFFFFFFF;
                             if (key.bytes() == "exception") throw std::runtime_error("no");
                             if (key.bytes() == "int") throw 7;
                             return max - 1;
                           }),
                           messages);
  EXPECT_EQ(got.indexes, (std::vector<std::uint32_t>{0, 0, 0, 0, kMax - 1}));
  EXPECT_EQ(got.report.errors, 4u);
  EXPECT_EQ(got.report.first_error_text, "reducer: gave an index that is not below max_partitions");
  EXPECT_EQ(got.report.first_error_offset, Offset{0});
}

TEST(Placement, SettingsThatRoutesWouldNotAllowAreRefused) {
  const auto refused = [](const VirtualPartitions& settings, std::uint32_t max_partitions = kMax) {
    EXPECT_THROW((void)make_placement(settings, max_partitions), std::invalid_argument);
  };
  refused({}, 0);
  refused(by_callable(nullptr));
  refused(reduced_by(nullptr));
  refused(by_header(""));
  refused({.by = {PartitionBy::Kind::json_field, "", {}}});
  refused({.by = {PartitionBy::Kind::partition, {}, {}}, .reducer = {Reducer::Kind::sticky, {}}});
  for (const auto kind : {PartitionBy::Kind::round_robin, PartitionBy::Kind::partition}) {
    VirtualPartitions settings = reduced_by([](const PartitionKey&, std::uint32_t) { return 0u; });
    settings.by.kind = kind;
    refused(settings);
    refused({.by = {kind, {}, {}}, .null_keys = routing::NullKeys::together});
  }
}

TEST(Placement, DefaultNumberFollowsTheConcurrency) {
  EXPECT_EQ(default_max_partitions(0), 64u);
  EXPECT_EQ(default_max_partitions(2), 64u);
  EXPECT_EQ(default_max_partitions(8), 64u);
  EXPECT_EQ(default_max_partitions(9), 72u);
  EXPECT_EQ(default_max_partitions(100), 800u);
  EXPECT_EQ(default_max_partitions(0xFFFFFFFF), 0xFFFFFFFF);
}

RC_GTEST_PROP(PlacementProperties, EveryKeyHasOneIndexBelowTheNumber, ()) {
  const auto max_partitions = *rc::gen::inRange<std::uint32_t>(1, 2000);
  TestMessages messages;
  for (const auto& key : *rc::gen::arbitrary<std::vector<std::string>>()) messages.add(key, "p");
  const Placed by_key = place({}, messages, max_partitions);
  // The other way to the same hash: one message at a time, through a callable.
  const Placed by_call = place(by_callable([](const Message& message) { return PartitionKey(message.key()); }),
                               messages, max_partitions);
  for (const std::uint32_t index : by_key.indexes) RC_ASSERT(index < max_partitions);
  RC_ASSERT(by_key.indexes == by_call.indexes);
}

}  // namespace
}  // namespace braid::core
