// Topics that routes know by a pattern of their names.

#include "mock/application/application_test.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace braid::application_test {
namespace {

class Patterns : public ApplicationTest {
 protected:
  // Topics have offsets of the same numbers, so messages are counted as they come.
  [[nodiscard]] bool seen(std::size_t count) const {
    return eventually([&] { return recorder->count() >= count; });
  }
  [[nodiscard]] static routing::Routes matching(const std::string& pattern, const std::shared_ptr<Recorder>& of) {
    return routing::draw([&](routing::RoutesBuilder& r) {
      auto topic = r.consumer_group("g").topics_matching(pattern);
      topic.consumer("recording", [of] { return std::make_unique<RecordingConsumer>(of); });
      topic.max_messages(50);
    });
  }
};

TEST_F(Patterns, TopicsThatMatchArriveAndOthersDoNot) {
  make_topic("orders.eu", 2);
  make_topic("orders.us", 2);
  make_topic("returns.eu", 2);
  produce("orders.eu", 500, 20);
  produce("orders.us", 300, 20);
  produce("returns.eu", 200, 20);
  Application app(settings(), matching("^orders\\..*", recorder));
  app.start();
  EXPECT_TRUE(seen(800));
  EXPECT_TRUE(eventually([&] { return committed("g", "orders.us", 2) == ends("orders.us", 2); }));
  EXPECT_TRUE(eventually([&] { return committed("g", "orders.eu", 2) == ends("orders.eu", 2); }));
  const auto figures = app.topic_figures();
  ASSERT_EQ(figures.size(), 2U) << "each topic for itself";
  EXPECT_TRUE(std::ranges::all_of(figures, [](const auto& each) { return each.topic.starts_with("orders."); }));
  app.stop();
}

TEST_F(Patterns, ATopicThatComesLaterJoins) {
  make_topic("orders.eu", 2);
  produce("orders.eu", 100, 10);
  Settings settings = this->settings();
  settings.kafka["topic.metadata.refresh.interval.ms"] = "200";
  Application app(settings, matching("^orders\\..*", recorder));
  app.start();
  ASSERT_TRUE(seen(100));
  make_topic("orders.us", 1);
  produce("orders.us", 60, 10);
  EXPECT_TRUE(seen(160));
  EXPECT_TRUE(eventually([&] { return committed("g", "orders.us", 1) == ends("orders.us", 1); }));
  app.stop();
}

}  // namespace
}  // namespace braid::application_test
