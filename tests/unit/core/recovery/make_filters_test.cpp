#include "core/recovery/make_filters.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace braid::core {
namespace {

using namespace std::chrono_literals;
using Names = std::vector<std::string>;

class Late final : public Filter {
 public:
  Verdict ask(const Message&, const FilterTime&) override { return Verdict::pass(); }
  [[nodiscard]] FilterStage stage() const override { return FilterStage::virtual_partition; }
};

routing::FilterSettings own(const std::string& name, FilterFactory factory) {
  return {.name = name, .factory = std::move(factory)};
}

Names names_of(const std::vector<FilterChain::Link>& links) {
  Names names;
  for (const auto& link : links) names.push_back(link.name);
  return names;
}

const std::vector<routing::FilterSettings> kSettings{throttle_by_key(1, 1s), delay(1s),
                                                     own("Late", [] { return std::make_unique<Late>(); }),
                                                     throttle(1, 1s), expire(1h)};

TEST(MakeFilters, EachStandsAtItsStageInTheirOrder) {
  const MadeFilters made = make_filters(kSettings, false);
  EXPECT_EQ(names_of(made.of_partition), (Names{"delay", "throttle", "expire"}));
  EXPECT_EQ(names_of(made.of_virtual_partitions), (Names{"throttle", "Late"}));
  EXPECT_EQ(made.problems, Names{});
}

TEST(MakeFilters, WithABarrierThereIsOneStage) {
  const MadeFilters made = make_filters(kSettings, true);
  EXPECT_EQ(names_of(made.of_partition), (Names{"throttle", "delay", "Late", "throttle", "expire"}));
  EXPECT_TRUE(made.of_virtual_partitions.empty());
}

TEST(MakeFilters, WhatCanNotBeMadeIsLeftOutAndTold) {
  const MadeFilters made =
      make_filters({own("Nothing", [] { return nullptr; }),
                    own("Angry", []() -> std::unique_ptr<Filter> { throw std::runtime_error("no"); }),
                    own("Odd", []() -> std::unique_ptr<Filter> { throw 1; }), delay(1s)},
                   false);
  EXPECT_EQ(names_of(made.of_partition), Names{"delay"});
  EXPECT_EQ(made.problems, (Names{"Nothing: its factory made nothing", "Angry: its factory threw no",
                                  "Odd: its factory threw something that is no std::exception"}));
}

}  // namespace
}  // namespace braid::core
