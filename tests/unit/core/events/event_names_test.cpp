#include <braid/event.hpp>

#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace braid {
namespace {

template <class Visitor, std::size_t... Kinds>
void for_each_kind(Visitor&& visitor, std::index_sequence<Kinds...>) {
  (visitor(std::variant_alternative_t<Kinds, Event>()), ...);
}

template <class E>
std::vector<std::string> names_of(const E& event) {
  std::vector<std::string> names;
  visit_fields(event, [&](std::string_view name, const auto&) { names.emplace_back(name); });
  return names;
}

TEST(EventNames, EveryKindHasOneOfItsOwn) {
  std::set<std::string_view> names;
  for (std::size_t kind = 0; kind < kEventKinds; ++kind) names.insert(event_name(kind));
  EXPECT_EQ(names.size(), kEventKinds);
  EXPECT_EQ(event_name(event_kind<events::BatchSettled>()), "batch.settled");
}

TEST(EventNames, FieldsAreVisitedInOrderAndPartsAsTheirOwn) {
  events::PartitionStalled stalled{
      .where = {"group", "clicks", 3}, .stood = std::chrono::seconds(61), .waits_for = "a commit"};
  std::ostringstream text;
  visit_fields(stalled, [&](std::string_view name, const auto& value) {
    text << name << '=';
    if constexpr (requires { value.count(); }) {
      text << value.count() << "ms ";
    } else {
      text << value << ' ';
    }
  });
  EXPECT_EQ(text.str(), "consumer_group=group topic=clicks partition=3 stood=61000ms waits_for=a commit ");
}

// What is told as JSON or in a log is known by its name alone.
TEST(EventNames, NoFieldOfAnEventHasAnothersName) {
  for_each_kind(
      []<class E>(const E& event) {
        const auto names = names_of(event);
        EXPECT_EQ(std::set(names.begin(), names.end()).size(), names.size()) << E::kName;
        for (const std::string& name : names) {
          EXPECT_FALSE(name.empty()) << E::kName;
          EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string::npos) << E::kName << name;
        }
      },
      std::make_index_sequence<kEventKinds>());
}

TEST(EventNames, EveryValueOfAnEnumHasOne) {
  EXPECT_EQ(name_of(events::Outcome::failed), "failed");
  EXPECT_EQ(name_of(events::Next::dead_letter), "dead_letter");
  EXPECT_EQ(name_of(events::ErrorType::partitioner), "partitioner");
  EXPECT_EQ(events::name_of(Error::Kind::aborted), "aborted");
}

}  // namespace
}  // namespace braid
