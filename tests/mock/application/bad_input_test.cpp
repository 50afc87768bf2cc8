#include "mock/application/application_test.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>

namespace braid::application_test {
namespace {

class BadInput : public ApplicationTest {};

// A loopback port that refuses connections as long as this lives: bound, and nobody listens.
class ClosedPort {
 public:
  ClosedPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(socket_, reinterpret_cast<sockaddr*>(&address), size) != 0) ADD_FAILURE() << "bind";
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    address_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~ClosedPort() { ::close(socket_); }
  [[nodiscard]] const std::string& address() const { return address_; }

 private:
  int socket_;
  std::string address_;
};

TEST_F(BadInput, NoBrokerIsAnErrorThatNamesTheAddress) {
  const ClosedPort port;
  Application app(test_settings(port.address()), route("g", "orders", recorder));
  const auto began = std::chrono::steady_clock::now();
  try {
    app.start();
    FAIL() << "started without a broker";
  } catch (const ApplicationError& error) {
    EXPECT_NE(std::string(error.what()).find(port.address()), std::string::npos) << error.what();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, 20s);
}

TEST_F(BadInput, NoBrokerIsAnErrorOfTheProducerToo) {
  const ClosedPort port;
  ProducerSettings wrong;
  wrong.kafka = {{"bootstrap.servers", port.address()}};
  wrong.connect_timeout = 1s;
  try {
    Producer producer(wrong);
    FAIL() << "started without a broker";
  } catch (const ApplicationError& error) {
    EXPECT_NE(std::string(error.what()).find(port.address()), std::string::npos) << error.what();
  }
}

TEST_F(BadInput, AnUnknownKafkaSettingIsNamed) {
  Settings wrong = settings();
  wrong.kafka["fetch.min.bites"] = "1";
  try {
    Application app(wrong, route("g", "orders", recorder));
    app.start();
    FAIL() << "taken";
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("fetch.min.bites"), std::string::npos) << error.what();
  }
}

TEST_F(BadInput, AValueThatKafkaRefusesIsNamed) {
  Settings wrong = settings();
  wrong.kafka["session.timeout.ms"] = "soon";
  try {
    Application app(wrong, route("g", "orders", recorder));
    app.start();
    FAIL() << "taken";
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("session.timeout.ms"), std::string::npos) << error.what();
  }
}

TEST_F(BadInput, AllProblemsOfTheRoutesAreToldAtOnce) {
  try {
    Application app(settings(), route("g", "orders", recorder, [](routing::TopicBuilder& topic) {
                      topic.max_messages(0).virtual_partitions({.max_partitions = 0});
                    }));
    FAIL() << "taken";
  } catch (const std::exception& error) {
    EXPECT_NE(std::string(error.what()).find("max_messages"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("max_partitions"), std::string::npos) << error.what();
  }
}

TEST_F(BadInput, AllProblemsOfTheSettingsAreToldAtOnce) {
  Settings wrong;
  wrong.concurrency = 0;
  wrong.commit_interval = 1ms;
  try {
    Application app(wrong, route("g", "orders", recorder));
    FAIL() << "taken";
  } catch (const std::invalid_argument& error) {
    for (const char* part : {"bootstrap.servers", "concurrency", "commit_interval"}) {
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
  }
}

// Partitions that were full of work go on when their broker is back.
TEST_F(BadInput, ABrokerThatIsAwayForAWhileIsWaitedFor) {
  make_topic("orders", 2);
  produce("orders", 100);
  Application app(settings(), route("g", "orders", recorder));
  app.start();
  ASSERT_TRUE(all_seen(100));
  cluster.broker_down(1);
  EXPECT_TRUE(eventually([&] { return log.count("127.0.0.1") > 0; }));
  cluster.broker_up(1);
  produce("orders", 100);
  EXPECT_TRUE(all_seen(200));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(order_fault(recorder->seen()), "");
  EXPECT_EQ(committed("g", "orders", 2), ends("orders", 2));
}

TEST_F(BadInput, AStopWithoutABrokerKeepsItsDeadline) {
  make_topic("orders");
  produce("orders", 100);
  Settings rare = settings();
  rare.commit_interval = 60s;
  Application app(rare, route("g", "orders", recorder));
  app.start();
  ASSERT_TRUE(all_seen(100));
  cluster.broker_down(1);
  const auto began = std::chrono::steady_clock::now();
  const StopReport report = app.stop(3s);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
  EXPECT_FALSE(report.in_time);
  cluster.broker_up(1);
}

}  // namespace
}  // namespace braid::application_test
