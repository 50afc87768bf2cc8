#include "core/virtual_partitions/partitioner.hpp"

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

struct Assigned {
  std::vector<std::uint32_t> indexes;
  PartitionerReport report;
};

Assigned assign(const VirtualPartitions& settings, const TestMessages& messages,
                std::uint32_t max_partitions = kMax) {
  Assigned result;
  result.indexes.resize(messages.size(), 0xFFFFFFFF);
  result.report = make_virtual_partitioner(settings)->assign(messages.all(), max_partitions, result.indexes);
  return result;
}

TEST(VirtualPartitioner, TheHashIsOneThatStays) {
  // Where keys live must not change from one version to the next: XXH3_64bits of each, modulo.
  EXPECT_EQ(reduce_by_hash(std::string_view(""), 1'000'000), 0x2d06800538d394c2u % 1'000'000);
  TestMessages messages;
  messages.add("customer-1", std::nullopt);
  EXPECT_EQ(assign({}, messages).indexes[0], reduce_by_hash(std::string_view("customer-1"), kMax));
}

TEST(VirtualPartitioner, SameKeyMeetsInTheSameVirtualPartitionAcrossBatches) {
  const auto partitioner = make_virtual_partitioner({});
  std::map<std::string, std::uint32_t> seen;
  for (int batch = 0; batch < 20; ++batch) {
    TestMessages messages;
    for (int i = 0; i < 50; ++i) messages.add("customer-" + std::to_string((batch * 7 + i) % 64), "p");
    std::vector<std::uint32_t> indexes(messages.size());
    partitioner->assign(messages.all(), kMax, indexes);
    for (std::size_t i = 0; i < messages.size(); ++i) {
      const auto [found, added] = seen.emplace(messages[i].key(), indexes[i]);
      EXPECT_EQ(found->second, indexes[i]) << messages[i].key();
    }
  }
  EXPECT_EQ(seen.size(), 64u);
}

TEST(VirtualPartitioner, HashSpreadsKeysEvenly) {
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

TEST(VirtualPartitioner, MessagesWithoutAKeyGoRoundByOffset) {
  TestMessages messages;
  for (std::int64_t offset = 30; offset < 35; ++offset) messages.add({.offset = offset});
  messages.add({.offset = std::numeric_limits<std::int64_t>::max() - 1});
  const Assigned got = assign({}, messages);
  EXPECT_EQ(got.indexes, (std::vector<std::uint32_t>{14, 15, 0, 1, 2, 14}));
  EXPECT_EQ(got.report.errors, 0u);
}

TEST(VirtualPartitioner, EmptyKeyIsAKey) {
  TestMessages messages;
  messages.add("", "p");
  messages.add("", "p");
  const Assigned got = assign({}, messages);
  EXPECT_EQ(got.indexes[0], reduce_by_hash(std::string_view(), kMax));
  EXPECT_EQ(got.indexes[0], got.indexes[1]);
}

TEST(VirtualPartitioner, OneVirtualPartitionTakesAll) {
  TestMessages messages;
  for (int i = 0; i < 10; ++i) messages.add(i % 2 == 0 ? std::optional<std::string>("k") : std::nullopt, "p");
  EXPECT_EQ(assign({}, messages, 1).indexes, std::vector<std::uint32_t>(10, 0));
}

TEST(VirtualPartitioner, HeaderIsTheKeyAndItsLastValueCounts) {
  TestMessages messages;
  messages.add({.offset = 3, .key = "x", .headers = {{"tenant", "a"}}});
  messages.add({.offset = 4, .key = "y", .headers = {{"tenant", "b"}, {"other", "c"}, {"tenant", "a"}}});
  const Assigned got = assign(by_header("tenant"), messages);
  EXPECT_EQ(got.indexes[0], reduce_by_hash(std::string_view("a"), kMax));
  EXPECT_EQ(got.indexes[1], got.indexes[0]);
  EXPECT_EQ(got.report.errors, 0u);
}

TEST(VirtualPartitioner, AbsentHeaderIsAnErrorAndGoesByOffset) {
  TestMessages messages;
  messages.add({.offset = 20, .headers = {{"tenant", "a"}}});
  messages.add({.offset = 21, .headers = {{"Tenant", "a"}}});
  messages.add({.offset = 22, .headers = {{"tenant", std::nullopt}}});
  const Assigned got = assign(by_header("tenant"), messages);
  EXPECT_EQ(got.indexes[1], 5u);
  EXPECT_EQ(got.indexes[2], 6u);
  EXPECT_EQ(got.report.errors, 2u);
  EXPECT_EQ(got.report.first_error_text, "header 'tenant': is absent");
  EXPECT_EQ(got.report.first_error_offset, Offset{21});
}

TEST(VirtualPartitioner, CallableMayGiveNumbersBytesOrNothing) {
  TestMessages messages;
  for (std::int64_t offset = 40; offset < 43; ++offset) messages.add({.offset = offset, .key = "5"});
  const Assigned got = assign(by_callable([](const Message& message) -> PartitionKey {
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

TEST(VirtualPartitioner, LargestNumberHasItsTextToo) {
  EXPECT_EQ(reduce_by_hash(PartitionKey(std::numeric_limits<std::uint64_t>::max()), 1000),
            reduce_by_hash(std::string_view("18446744073709551615"), 1000));
}

TEST(VirtualPartitioner, PartitionerThatThrowsSendsToVirtualPartitionZero) {
  TestMessages messages;
  for (std::int64_t offset = 1; offset <= 4; ++offset) messages.add({.offset = offset, .key = "k"});
  const Assigned got = assign(by_callable([](const Message& message) -> PartitionKey {
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

TEST(VirtualPartitioner, ThrownIntIsReported) {
  TestMessages messages;
  messages.add("k", "p");
  const Assigned got = assign(by_callable([](const Message&) -> PartitionKey { throw 7; }), messages);
  EXPECT_EQ(got.report.first_error_text, "partitioner: threw something that is no std::exception");
}

TEST(VirtualPartitioner, ErrorTextIsCut) {
  TestMessages messages;
  messages.add("k", "p");
  const Assigned got = assign(
      by_callable([](const Message&) -> PartitionKey { throw std::runtime_error(std::string(10'000, 'x')); }),
      messages);
  EXPECT_EQ(got.report.first_error_text.size(), 256u);
}

TEST(VirtualPartitioner, ReducerOfTheUserGetsTheKey) {
  TestMessages messages;
  messages.add("3", "p");
  messages.add("12", "p");
  const Assigned got = assign(reduced_by([](const PartitionKey& key, std::uint32_t max) {
                                EXPECT_EQ(max, kMax);
                                return static_cast<std::uint32_t>(std::stoi(std::string(key.bytes())));
                              }),
                              messages);
  EXPECT_EQ(got.indexes, (std::vector<std::uint32_t>{3, 12}));
  EXPECT_EQ(got.report.errors, 0u);
}

TEST(VirtualPartitioner, ReducerIsNotAskedWithoutAKey) {
  TestMessages messages;
  messages.add({.offset = 35});
  const Assigned got =
      assign(reduced_by([](const PartitionKey&, std::uint32_t) -> std::uint32_t { throw 1; }), messages);
  EXPECT_EQ(got.indexes[0], 3u);
  EXPECT_EQ(got.report.errors, 0u);
}

TEST(VirtualPartitioner, ReducerOutOfRangeOrThrowingSendsToVirtualPartitionZero) {
  TestMessages messages;
  for (const char* key : {"range", "high", "exception", "int", "good"}) messages.add(key, "p");
  const Assigned got = assign(reduced_by([](const PartitionKey& key, std::uint32_t max) -> std::uint32_t {
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

TEST(VirtualPartitioner, SettingsThatNameNothingAreRefused) {
  EXPECT_THROW(make_virtual_partitioner(by_callable(nullptr)), std::invalid_argument);
  EXPECT_THROW(make_virtual_partitioner(reduced_by(nullptr)), std::invalid_argument);
  EXPECT_THROW(make_virtual_partitioner(by_header("")), std::invalid_argument);
  EXPECT_THROW(make_virtual_partitioner({.by = {PartitionBy::Kind::json_field, "", {}}}), std::invalid_argument);
}

TEST(VirtualPartitioner, DefaultNumberFollowsTheConcurrency) {
  EXPECT_EQ(default_max_partitions(0), 64u);
  EXPECT_EQ(default_max_partitions(2), 64u);
  EXPECT_EQ(default_max_partitions(8), 64u);
  EXPECT_EQ(default_max_partitions(9), 72u);
  EXPECT_EQ(default_max_partitions(100), 800u);
  EXPECT_EQ(default_max_partitions(0xFFFFFFFF), 0xFFFFFFFF);
}

TEST(VirtualPartitionerDeathTest, NoVirtualPartitionIsAMistakeOfOurs) {
  TestMessages messages;
  messages.add("k", "p");
  EXPECT_DEATH(assign({}, messages, 0), "at least one virtual partition");
}

RC_GTEST_PROP(VirtualPartitionerProperties, EveryKeyHasOneIndexBelowTheNumber, ()) {
  const auto max_partitions = *rc::gen::inRange<std::uint32_t>(1, 2000);
  TestMessages messages;
  for (const auto& key : *rc::gen::arbitrary<std::vector<std::string>>()) messages.add(key, "p");
  const Assigned by_key = assign({}, messages, max_partitions);
  // The other way to the same hash: one message at a time, through a callable.
  const Assigned by_call = assign(by_callable([](const Message& message) { return PartitionKey(message.key()); }),
                                  messages, max_partitions);
  for (const std::uint32_t index : by_key.indexes) RC_ASSERT(index < max_partitions);
  RC_ASSERT(by_key.indexes == by_call.indexes);
}

}  // namespace
}  // namespace braid::core
