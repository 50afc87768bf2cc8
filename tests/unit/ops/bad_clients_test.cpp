// Clients that nobody would want, many at once.

#include "test_server.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace braid::ops {
namespace {

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator files("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

std::size_t resident_kilobytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return static_cast<std::size_t>(std::stoul(line.substr(6)));
  }
  return 0;
}

TEST(BadClients, AHundredLeaveNothingBehindAndHoldUpNobody) {
  const TestServer server;
  ASSERT_TRUE(server.serves());
  const std::size_t descriptors = open_descriptors();
  std::size_t memory = 0;
  for (int round = 0; round < 4; ++round) {
    std::vector<RawClient> clients;
    for (int i = 0; i < 100; ++i) {
      clients.push_back(server.client(4096));
      RawClient& client = clients.back();
      switch (i % 5) {
        case 0:  // half open: says nothing
          break;
        case 1:  // never ends its request
          client.send("POST /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\n");
          break;
        case 2:
          client.send("\x01\x02 garbage \r\n\r\n");
          break;
        case 3:  // asks, and does not read
          client.send(kListen);
          break;
        default:
          client.send("GET /hello HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(7000, 'x'));
      }
      if (i % 10 == 9) {
        const auto start = Clock::now();
        EXPECT_TRUE(server.serves());
        EXPECT_LT(Clock::now() - start, 2s);
      }
    }
    EXPECT_LE(server.connections(), 64U);
    clients.clear();
    ASSERT_TRUE(server.all_gone());
    if (round == 0) memory = resident_kilobytes();
  }
  EXPECT_TRUE(server.serves());
  EXPECT_TRUE(server.all_gone());
  EXPECT_LE(open_descriptors(), descriptors);
  EXPECT_LT(resident_kilobytes(), memory + 8 * 1024);
}

// Requests that are nearly right, from a seed.
class Garbage {
 public:
  explicit Garbage(unsigned seed) : random_(seed) {}
  std::string next() {
    static const std::vector<std::string> kSeeds{
        kGet,
        kListen,
        "POST /hello HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
        "POST /hello HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "HEAD /hello?a=%20&b=%zz HTTP/1.0\r\nOrigin: null\r\nAuthorization: Bearer x\r\n\r\n",
    };
    if (below(8) == 0) return bytes(below(3000));
    std::string text = kSeeds[below(kSeeds.size())];
    for (std::size_t i = below(4); i > 0 && !text.empty(); --i) change(text);
    return text;
  }

 private:
  std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_); }
  std::string bytes(std::size_t count) {
    std::string text(count, ' ');
    for (char& c : text) c = static_cast<char>(below(256));
    return text;
  }
  void change(std::string& text) {
    const std::size_t at = below(text.size());
    switch (below(5)) {
      case 0:
        text[at] = static_cast<char>(below(256));
        break;
      case 1:
        text.resize(at);  // cut
        break;
      case 2:
        text.insert(at, bytes(below(20)));
        break;
      case 3:
        text.insert(at, text.substr(at / 2));
        break;
      default:
        text.insert(at, std::string(below(20'000), "x0\r\n: %"[below(7)]));
    }
  }
  std::mt19937 random_;
};

TEST(BadClients, MaySendWhateverTheyWant) {
  auto limits = quick();
  limits.reading = 50ms;
  const TestServer server(limits);
  std::atomic<int> sent{0};
  const auto until = Clock::now() + 3s;
  std::vector<std::jthread> threads;
  for (unsigned seed = 1; seed <= 4; ++seed) {
    threads.emplace_back([&, seed] {
      Garbage garbage(seed);
      // The same each time; fewer where the machine is busy.
      for (int i = 0; i < 200 && Clock::now() < until; ++i, ++sent) {
        RawClient client = server.client();
        client.send(garbage.next());
        if (i % 2 == 0) client.end_sending();
        if (i % 3 == 0) client.read_until("\r\n\r\n", 20ms);
      }
    });
  }
  threads.clear();
  EXPECT_GT(sent, 0);
  EXPECT_TRUE(server.all_gone());
  EXPECT_TRUE(server.serves());
}

}  // namespace
}  // namespace braid::ops
