#include "unit/support/test_messages.hpp"

#include <braid/record.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace braid {
namespace {

using Headers = std::vector<std::pair<std::string, std::optional<std::string>>>;

const std::string kParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

// The headers of a record that had `own`, and was produced because of a message with `consumed`.
Headers carried(const Headers& consumed, const Headers& own = {}) {
  test_support::TestMessages messages;
  messages.add({.headers = consumed});
  Record record{.topic = "invoices"};
  for (const auto& [name, value] : own) record.headers.push_back({name, value});
  carry_trace(messages.all().front(), record);
  Headers found;
  for (const Header& header : record.headers) {
    found.emplace_back(header.name, header.value ? std::optional<std::string>(*header.value) : std::nullopt);
  }
  return found;
}

TEST(CarryTrace, ParentAndStateGoOnAndNothingElse) {
  const Headers trace{{"traceparent", kParent}, {"tracestate", "vendor=1"}};
  Headers consumed = trace;
  consumed.insert(consumed.begin(), {"tenant", "t1"});
  EXPECT_EQ(carried(consumed), trace);
  EXPECT_EQ(carried({{"traceparent", kParent}}), (Headers{{"traceparent", kParent}}));
}

TEST(CarryTrace, WhatTheRecordHasItselfStays) {
  const Headers own{{"traceparent", "mine"}};
  EXPECT_EQ(carried({{"traceparent", kParent}, {"tracestate", "vendor=1"}}, own), own);
  EXPECT_EQ(carried({{"traceparent", kParent}, {"tracestate", "vendor=1"}}, {{"tracestate", "mine=1"}}),
            (Headers{{"tracestate", "mine=1"}, {"traceparent", kParent}}));
}

TEST(CarryTrace, WhatIsNoTraceIsNotCarried) {
  EXPECT_EQ(carried({{"traceparent", "not one"}, {"tracestate", "vendor=1"}}), Headers{});
  EXPECT_EQ(carried({{"traceparent", std::nullopt}}), Headers{});
  EXPECT_EQ(carried({{"tracestate", "vendor=1"}}), Headers{}) << "without a parent it says nothing";
}

}  // namespace
}  // namespace braid
