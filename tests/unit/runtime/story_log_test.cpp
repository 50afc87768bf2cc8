#include "runtime/story_log.hpp"

#include "engine/instrumentation/event_hub.hpp"
#include "runtime/steady_clock.hpp"
#include "unit/engine/bell.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace braid::runtime {
namespace {

using namespace std::chrono_literals;
using test_support::Bell;

struct Lines final : engine::FieldLog {
  [[nodiscard]] bool enabled(engine::LogLevel level) const override { return level >= least; }
  void write(engine::LogLevel, std::string_view, std::string_view text) override { texts.emplace_back(text); }
  void write_fields(engine::LogLevel, std::string_view area, std::string_view text,
                    std::span<const engine::LogField> fields) override {
    EXPECT_EQ(area, "batch");
    texts.emplace_back(text);
    last.assign(fields.begin(), fields.end());
  }
  [[nodiscard]] std::int64_t number(std::string_view name) const {
    const auto found = std::ranges::find(last, name, &engine::LogField::name);
    return found == last.end() ? -1 : std::get<std::int64_t>(found->value);
  }
  engine::LogLevel least = engine::LogLevel::info;
  std::vector<std::string> texts;
  std::vector<engine::LogField> last;
};

class StoryLogTest : public ::testing::Test {
 protected:
  StoryLogTest() {
    routing::ConsumerGroup group;
    group.id = "group";
    routes.consumer_groups.push_back(std::move(group));
    story.emplace(monitor, lines, clock, routes, 10s);
  }
  void settle(const std::string& group, std::uint32_t messages) {
    monitor.hub()->emit<events::BatchSettled>([&] {
      return events::BatchSettled{
          .where = {group, "clicks", 3}, .messages = messages, .virtual_partitions = 2, .took = 12ms};
    });
    ASSERT_TRUE(monitor.flush(Bell::kPatience));
  }

  Monitor monitor;
  Lines lines;
  SteadyClock clock;
  routing::Routes routes;
  std::optional<StoryLog> story;
};

TEST_F(StoryLogTest, SaysTheFirstBatchAtOnceAndTheRestAtItsEnd) {
  settle("group", 1'000);
  ASSERT_EQ(lines.texts.size(), 1u);
  EXPECT_EQ(lines.texts[0], "batch of 1,000 from clicks/3 took 12 ms, lag 0.0 ms, 2 virtual partitions");
  EXPECT_EQ(lines.number("messages"), 1'000);
  EXPECT_EQ(lines.number("committed_lag"), -1) << "nobody knows it";
  settle("group", 7);
  settle("group", 3);
  EXPECT_EQ(lines.texts.size(), 1u);
  story.reset();
  ASSERT_EQ(lines.texts.size(), 2u);
  EXPECT_EQ(lines.number("messages"), 10);
  EXPECT_EQ(lines.number("batches"), 2);
  settle("group", 5);
  EXPECT_EQ(lines.texts.size(), 2u) << "and nothing behind it";
}

TEST_F(StoryLogTest, SaysNothingOfOthersThatShareTheMonitor) {
  settle("others", 1'000);
  EXPECT_TRUE(lines.texts.empty());
}

TEST_F(StoryLogTest, IsSilentBelowInfo) {
  lines.least = engine::LogLevel::warning;
  settle("group", 1'000);
  EXPECT_TRUE(lines.texts.empty());
}

}  // namespace
}  // namespace braid::runtime
