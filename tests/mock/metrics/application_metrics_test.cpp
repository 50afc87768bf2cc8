#include "mock/application/application_test.hpp"

#include <braid/prometheus_metrics.hpp>

namespace braid::application_test {
namespace {

class ApplicationMetrics : public ApplicationTest {};

TEST_F(ApplicationMetrics, TellWhatWasDone) {
  make_topic("orders");
  produce("orders", 200, 20);
  Application app(settings(), route("g", "orders", recorder, [](auto& t) { t.max_messages(10); }));
  const PrometheusMetrics metrics(app);
  app.start();
  ASSERT_TRUE(all_seen(200));
  const auto tells = [&](const char* line) { return metrics.text().find(line) != std::string::npos; };
  EXPECT_TRUE(eventually([&] { return tells("braid_messages_done_total 200\n"); }));
  EXPECT_TRUE(
      eventually([&] { return tells("braid_batch_messages_sum{consumer_group=\"g\",topic=\"orders\"} 200\n"); }));
  EXPECT_TRUE(tells("braid_connections 1\n"));
  EXPECT_TRUE(app.stop().in_time);
}

}  // namespace
}  // namespace braid::application_test
