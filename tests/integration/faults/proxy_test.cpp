#include "integration/faults/proxy.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace braid::faults {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

// A TCP socket that waits for at most 10 s.
class Socket {
 public:
  explicit Socket(int handle = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) : handle_(handle) {
    const timeval patience{10, 0};
    ::setsockopt(handle_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~Socket() { ::close(handle_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  // The port.
  int listen() {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(handle_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(handle_, 8), 0);
    ::getsockname(handle_, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
  }
  [[nodiscard]] int accept() const { return ::accept(handle_, nullptr, nullptr); }
  [[nodiscard]] bool connect(int port) const {
    const sockaddr_in address = loopback(port);
    return ::connect(handle_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  void send(const std::string& text) const { ::send(handle_, text.data(), text.size(), MSG_NOSIGNAL); }
  // So many bytes; nothing when the connection is gone.
  [[nodiscard]] std::optional<std::string> receive(std::size_t size) const {
    std::string text(size, '\0');
    if (::recv(handle_, text.data(), size, MSG_WAITALL) != static_cast<ssize_t>(size)) return std::nullopt;
    return text;
  }

 private:
  static sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }
  int handle_;
};

class ProxyTest : public ::testing::Test {
 protected:
  ProxyTest() { proxy.lead_to({server.listen()}); }
  Socket server;
  Proxy proxy{1};
};

TEST_F(ProxyTest, PassesBothWays) {
  const Socket client;
  ASSERT_TRUE(client.connect(proxy.ports()[0]));
  const Socket behind(server.accept());
  client.send("question");
  EXPECT_EQ(behind.receive(8), "question");
  behind.send("answer");
  EXPECT_EQ(client.receive(6), "answer");
}

TEST_F(ProxyTest, CutsWhatThereIsAndWhatComes) {
  const Socket client;
  ASSERT_TRUE(client.connect(proxy.ports()[0]));
  const Socket behind(server.accept());
  proxy.cut();
  EXPECT_EQ(client.receive(1), std::nullopt);
  EXPECT_EQ(behind.receive(1), std::nullopt);
  const Socket next;
  if (next.connect(proxy.ports()[0])) EXPECT_EQ(next.receive(1), std::nullopt);

  proxy.pass();
  const Socket last;
  ASSERT_TRUE(last.connect(proxy.ports()[0]));
  const Socket behind_last(server.accept());
  last.send("x");
  EXPECT_EQ(behind_last.receive(1), "x");
}

TEST_F(ProxyTest, Delays) {
  const Socket client;
  ASSERT_TRUE(client.connect(proxy.ports()[0]));
  const Socket behind(server.accept());
  proxy.delay(300ms);
  // The rules are read anew each round; what is sent behind a round trip meets the new ones.
  client.send("a");
  ASSERT_EQ(behind.receive(1), "a");
  const auto began = steady_clock::now();
  client.send("b");
  ASSERT_EQ(behind.receive(1), "b");
  EXPECT_GE(steady_clock::now() - began, 290ms);
}

TEST_F(ProxyTest, Trickles) {
  const Socket client;
  ASSERT_TRUE(client.connect(proxy.ports()[0]));
  const Socket behind(server.accept());
  proxy.trickle(20'000);
  client.send("a");
  ASSERT_EQ(behind.receive(1), "a");
  const auto began = steady_clock::now();
  client.send(std::string(10'000, 'b'));
  ASSERT_TRUE(behind.receive(10'000));
  EXPECT_GE(steady_clock::now() - began, 200ms);
}

}  // namespace
}  // namespace braid::faults
