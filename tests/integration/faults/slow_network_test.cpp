#include "integration/application/kafka_fixture.hpp"
#include "integration/faults/three_nodes.hpp"

#include <chrono>

namespace braid::faults {
namespace {

using namespace std::chrono_literals;

class SlowNetwork : public integration::KafkaTest {};

// Brokers that are reached, though each answer takes longer than anybody waits for one: a new client would not
// help.
TEST_F(SlowNetwork, IsNoneThatIsGone) {
  ThreeNodes& nodes = ThreeNodes::get();
  nodes.make_whole();
  nodes.admin.create_topic(topic, 3, ThreeNodes::kNodes);
  Settings slow = settings(nodes.proxied_bootstrap());
  slow.transport_timeout = 3s;
  Application app(slow, integration::route(group, topic, recorder));
  app.start();
  produce(100, 10, nodes.bootstrap());
  ASSERT_TRUE(all_seen(100));
  nodes.proxy.cut_once();
  nodes.proxy.delay(700ms);
  const auto until = std::chrono::steady_clock::now() + 8s;  // more than twice the time-out
  produce(100, 10, nodes.bootstrap());
  EXPECT_TRUE(all_seen(200));
  EXPECT_TRUE(integration::eventually([&] { return std::chrono::steady_clock::now() >= until; }));
  EXPECT_EQ(log.count("no broker has answered"), 0U) << log.text();
  EXPECT_EQ(app.figures().connection_restarts, 0U);
  nodes.proxy.pass();
  produce(100, 10, nodes.bootstrap());
  EXPECT_TRUE(all_seen(300));
  EXPECT_TRUE(app.stop().in_time);
}

}  // namespace
}  // namespace braid::faults
