#include "consumers.hpp"

#include <braid/routing/load.hpp>
#include <braid/routing/validate.hpp>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace {

using namespace braid::routing;

const std::string kValid = R"(x-defaults: &defaults {consumer: Totals, max_messages: 1000}
consumer_groups:
  - id: analytics
    kafka: {fetch.wait.max.ms: 50, "check.crcs": true}
    subscription_groups:
      - id: clicks
        connections: {min: 1, max: 3, start: 2, scale_delay: 5s}
        topics:
          - name: ecommerce.events
            <<: *defaults
            max_wait: 100ms
            virtual_partitions: {by: {header: user}, max_partitions: 16, reducer: sticky, null_keys: together}
            flow: continuous
            max_bytes: 64 MiB
            commit: {when: after_batch, sync: true}
            offsets: manual
            end_of_partition: true
            tick_every: 5s
            initial_offset: latest
            retries: {max: 3, backoff: {exponential: {initial: 100ms, max: 30s, multiplier: 1.5, jitter: 0.1}}}
            dead_letter: {topic: ecommerce.events.dlq}
            on_exhausted: skip
  - id: reports
    retries: {max: unlimited, backoff: 1s}
    topics:
      - {name: 'ecommerce.events', consumer: Audit, virtual_partitions: {by: {json: /user/id}}, retries: {max_elapsed: 10m}, dead_letter: x}
)";

// Pieces that mean something to YAML, so that mutations reach beyond the scanner.
const std::vector<std::string> kPieces{
    ":",  ": ", "\n",  "\n  ", "- ",  "{",    "}",        "[",     "]",     ",",  "&a ", "*a", "<<",
    "? ", "|",  ">",   "'",    "\"",  "#",    "~",        "---\n", "...\n", "!t", "%",   "\t", std::string(1, '\0'),
    "-1", "0",  "1e9", "\xff", "key", "null", "*defaults"};

// Cuts, repeats, swaps and inserts, somewhere.
std::string mutated(std::string text) {
  const auto count = *rc::gen::inRange(1, 6);
  for (int i = 0; i < count; ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, text.size() + 1);
    const auto length = *rc::gen::inRange<std::size_t>(0, 40);
    switch (*rc::gen::inRange(0, 5)) {
      case 0:
        text.erase(at, length);
        break;
      case 1:
        text.insert(at, *rc::gen::elementOf(kPieces));
        break;
      case 2:
        text.insert(*rc::gen::inRange<std::size_t>(0, text.size() + 1), text.substr(at, length));
        break;
      case 3:
        text.resize(at);
        break;
      default:
        if (at < text.size()) text[at] = *rc::gen::arbitrary<char>();
    }
  }
  return text;
}

void check_loads_or_says_why(const std::string& text) {
  RC_LOG() << text;
  const Loaded loaded = load_text(text, routing_test::registry(), "f.yaml");
  if (loaded.ok()) {
    RC_ASSERT(!loaded.routes.consumer_groups.empty());
    RC_ASSERT(validate(loaded.routes).empty());
  } else {
    RC_ASSERT(loaded.routes.consumer_groups.empty());
  }
  for (const Problem& problem : loaded.problems) {
    RC_ASSERT(problem.location.file == "f.yaml");
    RC_ASSERT(!problem.message.empty());
    RC_ASSERT(to_string(problem).find('\n') == std::string::npos);
  }
}

RC_GTEST_PROP(LoadProperty, MutatedFilesLoadOrSayWhy, ()) {
  // Many a case: one costs a fraction of a millisecond.
  for (int i = 0; i < 20; ++i) check_loads_or_says_why(mutated(kValid));
}

RC_GTEST_PROP(LoadProperty, NoiseIsReported, ()) {
  std::string text;
  for (const auto& piece : *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(kPieces)))
    text += piece;
  check_loads_or_says_why(text);
  RC_ASSERT(!load_text(text, routing_test::registry()).ok());
}

TEST(LoadProperty, TheFileThatIsMutatedIsValid) {
  EXPECT_EQ(routing_test::problems_of(kValid), std::vector<std::string>{});
}

}  // namespace
