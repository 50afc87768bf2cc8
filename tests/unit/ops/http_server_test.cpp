// The server on a real socket, and clients that nobody would want.

#include "ops/src/http_server.hpp"

#include "lib/raw_client.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace braid::ops {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using test::RawClient;

constexpr const char* kGet = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";
constexpr std::size_t kBig = 32 * 1024 * 1024;

OpsServer::Limits quick() {
  OpsServer::Limits limits;
  limits.idle = 2000ms;
  limits.reading = 300ms;
  limits.writing = 500ms;
  limits.news_every = 20ms;
  return limits;
}

// /hello, /big, /live; says who asked what.
class Server {
 public:
  explicit Server(OpsServer::Limits limits = quick(), std::string news = "{}")
      : server_("127.0.0.1", 0, limits,
                {.answer = [this](const Request& request) { return answer(request); },
                 .news = [news = std::move(news)] { return news; }}) {}

  [[nodiscard]] RawClient client(int receive_buffer = 0) const { return RawClient(port(), receive_buffer); }
  [[nodiscard]] std::uint16_t port() const { return server_.port(); }
  [[nodiscard]] std::size_t connections() const { return server_.connections(); }
  [[nodiscard]] bool all_gone(std::chrono::milliseconds within = 5000ms) const {
    for (const auto until = Clock::now() + within; Clock::now() < until; std::this_thread::sleep_for(5ms)) {
      if (connections() == 0) return true;
    }
    return connections() == 0;
  }
  [[nodiscard]] bool serves() const { return client_answers(client()); }
  static bool client_answers(RawClient client) {
    return client.send(kGet) && client.read_answer().starts_with("HTTP/1.1 200 OK\r\n");
  }

 private:
  static Response answer(const Request& request) {
    if (request.path == "/big") return json_answer(std::string(kBig, 'x'));
    if (request.path == "/live") {
      Response response;
      response.stream = true;
      return response;
    }
    if (request.path == "/throws") throw std::runtime_error("on purpose");
    if (request.path != "/hello") return refusal(404, "unknown_path", "there is nothing at this path");
    return json_answer("\"hello " + request.body + "\"");
  }

  HttpServer server_;
};

std::string status_line(const std::string& answer) {
  return answer.substr(0, answer.find("\r\n"));
}

TEST(HttpServer, AnswersOneRequestAfterTheOther) {
  const Server server;
  RawClient client = server.client();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.send(kGet));
    EXPECT_TRUE(client.read_answer().ends_with("\r\n\r\n\"hello \""));
  }
  EXPECT_EQ(server.connections(), 1U);
  ASSERT_TRUE(client.send(std::string(kGet) + kGet));  // before the first one is answered
  EXPECT_TRUE(client.read_answer().starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(client.read_answer().starts_with("HTTP/1.1 200"));
  ASSERT_TRUE(client.send("POST /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nworld"));
  EXPECT_TRUE(client.read_answer().ends_with("\"hello world\""));
}

TEST(HttpServer, ClosesWhereTheClientWantsThat) {
  const Server server;
  RawClient client = server.client();
  ASSERT_TRUE(client.send("GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
  EXPECT_NE(client.read_answer().find("Connection: close"), std::string::npos);
  EXPECT_TRUE(client.closed_within(2000ms));
  EXPECT_TRUE(server.all_gone());
}

TEST(HttpServer, AHeadHasNoBody) {
  const Server server;
  RawClient client = server.client();
  ASSERT_TRUE(client.send("HEAD /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  EXPECT_NE(client.read_answer(false).find("Content-Length: 8"), std::string::npos);
  ASSERT_TRUE(client.send(kGet));
  EXPECT_TRUE(client.read_answer().starts_with("HTTP/1.1 200"));
}

TEST(HttpServer, WhatIsTooLargeIsRefusedAndClosed) {
  const Server server;
  {
    RawClient client = server.client();
    client.send("GET /hello HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(9000, 'x') + "\r\n\r\n");
    EXPECT_EQ(status_line(client.read_answer()), "HTTP/1.1 431 Request Header Fields Too Large");
    EXPECT_TRUE(client.closed_within(2000ms));
  }
  {
    RawClient client = server.client();
    client.send("POST /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n");
    EXPECT_EQ(status_line(client.read_answer()), "HTTP/1.1 413 Content Too Large");
    EXPECT_TRUE(client.closed_within(2000ms));
  }
  {
    RawClient client = server.client();
    client.send("POST /hello HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 20; ++i) client.send("400\r\n" + std::string(1024, 'x') + "\r\n");
    EXPECT_EQ(status_line(client.read_answer()), "HTTP/1.1 413 Content Too Large");
    EXPECT_TRUE(client.closed_within(2000ms));
  }
  EXPECT_TRUE(server.all_gone());
}

TEST(HttpServer, WhatIsNoRequestIsRefusedAndClosed) {
  const Server server;
  for (const char* garbage :
       {"\x16\x03\x01\x02\x01\x01\x01\x01\xfc\x03\x03\r\n\r\n", "hello\r\n\r\n", "GET\r\n\r\n",
        "GET /hello HTTP/9.9\r\n\r\n", "GET /hello HTTP/1.1\r\nno colon\r\n\r\n", "GET /%zz HTTP/1.1\r\n\r\n",
        "POST /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        "POST /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "GET /hello HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n"}) {
    RawClient client = server.client();
    client.send(garbage);
    EXPECT_EQ(status_line(client.read_answer()), "HTTP/1.1 400 Bad Request") << garbage;
    EXPECT_TRUE(client.closed_within(2000ms)) << garbage;
  }
  EXPECT_TRUE(server.all_gone());
}

TEST(HttpServer, OneThatThrowsLosesItsConnectionAlone) {
  const Server server;
  RawClient client = server.client();
  RawClient other = server.client();
  client.send("GET /throws HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(client.closed_within(2000ms));
  ASSERT_TRUE(other.send(kGet));
  EXPECT_TRUE(other.read_answer().starts_with("HTTP/1.1 200"));
}

// --- who is slow

TEST(HttpServer, WhoSaysNothingIsClosed) {
  auto limits = quick();
  limits.idle = 100ms;
  const Server server(limits);
  RawClient client = server.client();
  EXPECT_TRUE(client.closed_within(5000ms));
  EXPECT_TRUE(server.all_gone());
}

// Each byte comes in time, and the request never does.
TEST(HttpServer, WhoDripsIsClosed) {
  const Server server;
  RawClient client = server.client();
  const auto start = Clock::now();
  client.send("GET /hello HTTP/1.1\r\nHost: localhost\r\nX: ");
  while (client.send("x") && Clock::now() - start < 5s) std::this_thread::sleep_for(20ms);
  EXPECT_LT(Clock::now() - start, 5s);
  EXPECT_TRUE(server.all_gone());
}

TEST(HttpServer, WhoDoesNotReadIsClosedAndHoldsUpNobody) {
  const Server server;
  RawClient client = server.client(4096);
  ASSERT_TRUE(client.send("GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  EXPECT_FALSE(client.read_until("\r\n\r\n").empty());
  EXPECT_TRUE(server.serves());
  EXPECT_TRUE(server.all_gone());
}

TEST(HttpServer, AnswersThatNobodyReadsHaveABoundTogether) {
  auto limits = quick();
  limits.max_answer_bytes = kBig + kBig / 2;
  limits.writing = 3000ms;
  const Server server(limits);
  RawClient first = server.client(4096);
  ASSERT_TRUE(first.send("GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  EXPECT_TRUE(first.read_until("\r\n\r\n").starts_with("HTTP/1.1 200"));
  RawClient second = server.client(4096);
  ASSERT_TRUE(second.send("GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  EXPECT_EQ(status_line(second.read_answer()), "HTTP/1.1 503 Service Unavailable");
  EXPECT_TRUE(server.serves());
}

TEST(HttpServer, WhereAllAreTakenTheOneGoesThatHasWaitedForLongest) {
  auto limits = quick();
  limits.max_connections = 3;
  const Server server(limits);
  RawClient first = server.client();
  ASSERT_TRUE(first.send("GET /hello"));
  while (server.connections() < 1) std::this_thread::sleep_for(1ms);
  RawClient second = server.client();
  RawClient third = server.client();
  while (server.connections() < 3) std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(server.serves());
  EXPECT_TRUE(first.closed_within(200ms));
  ASSERT_TRUE(third.send(kGet));
  EXPECT_TRUE(third.read_answer().starts_with("HTTP/1.1 200"));
}

// --- news

constexpr const char* kListen = "GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n";

TEST(HttpServer, NewsComeByThemselves) {
  const Server server(quick(), "{\"a\":1}");
  RawClient client = server.client();
  ASSERT_TRUE(client.send(kListen));
  EXPECT_TRUE(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 200"));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.read_until("\n\n"), "event: live\ndata: {\"a\":1}\n\n");
}

TEST(HttpServer, WhoListensAgainHearsAgain) {
  const Server server;
  for (int i = 0; i < 10; ++i) {
    RawClient client = server.client();
    ASSERT_TRUE(client.send(kListen));
    for (int piece = 0; piece < 2; ++piece) EXPECT_FALSE(client.read_until("\n\n", 2000ms).empty());
  }
  EXPECT_TRUE(server.all_gone());
}

TEST(HttpServer, OnlySoManyMayListen) {
  auto limits = quick();
  limits.max_streams = 2;
  const Server server(limits);
  RawClient first = server.client();
  RawClient second = server.client();
  for (RawClient* each : {&first, &second}) {
    ASSERT_TRUE(each->send(kListen));
    EXPECT_TRUE(each->read_until("\n\n").starts_with("HTTP/1.1 200"));
  }
  RawClient third = server.client();
  ASSERT_TRUE(third.send(kListen));
  EXPECT_EQ(status_line(third.read_answer()), "HTTP/1.1 503 Service Unavailable");
}

TEST(HttpServer, WhoDoesNotKeepUpIsDroppedAndTheOthersHearOn) {
  auto limits = quick();
  limits.max_stream_bytes = 8 * 1024 * 1024;
  limits.writing = 60s;  // so that it is the bound that drops it
  limits.news_every = 100ms;
  const Server server(limits, std::string(1024 * 1024, 'x'));
  RawClient slow = server.client(4096);
  ASSERT_TRUE(slow.send(kListen));
  EXPECT_FALSE(slow.read_until("\r\n\r\n").empty());
  RawClient good = server.client();
  ASSERT_TRUE(good.send(kListen));
  for (int i = 0; i < 100 && server.connections() > 1; ++i) {
    ASSERT_GE(good.read_until("\n\n").size(), 1024U * 1024U);
  }
  EXPECT_EQ(server.connections(), 1U);
  EXPECT_GE(good.read_until("\n\n").size(), 1024U * 1024U);
}

// --- the end

TEST(HttpServer, EndsAtOnceWhoeverIsThere) {
  std::vector<RawClient> clients;
  auto server = std::make_unique<Server>();
  for (const char* bytes : {"", "GET", kListen, "GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n"}) {
    clients.push_back(server->client(4096));
    clients.back().send(bytes);
  }
  EXPECT_FALSE(clients[2].read_until("\n\n").empty());
  const auto start = Clock::now();
  server.reset();
  EXPECT_LT(Clock::now() - start, 1s);
  for (RawClient& client : clients) EXPECT_TRUE(client.closed_within(2000ms));
}

TEST(HttpServer, SaysWhereItCannotListen) {
  const Server server;
  const auto open = [](const char* address, std::uint16_t port) {
    const HttpServer other(address, port, quick(), {});
  };
  try {
    open("127.0.0.1", server.port());
    FAIL();
  } catch (const std::system_error& failure) {
    EXPECT_NE(std::string(failure.what()).find("can't listen on 127.0.0.1 port"), std::string::npos);
  }
  EXPECT_THROW(open("localhost.", 0), std::invalid_argument);
}

// --- all at once

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

TEST(HttpServer, AHundredBadClientsLeaveNothingBehindAndHoldUpNobody) {
  const Server server;
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

// Requests that are nearly right, from a seed; a second of them.
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

TEST(HttpServer, BearsWhateverComes) {
  auto limits = quick();
  limits.reading = 50ms;
  const Server server(limits);
  std::atomic<int> sent{0};
  const auto until = Clock::now() + 1s;
  std::vector<std::jthread> threads;
  for (unsigned seed = 1; seed <= 4; ++seed) {
    threads.emplace_back([&, seed] {
      for (Garbage garbage(seed); Clock::now() < until; ++sent) {
        RawClient client = server.client();
        client.send(garbage.next());
        if (sent % 2 == 0) client.end_sending();
        if (sent % 3 == 0) client.read_until("\r\n\r\n", 20ms);
      }
    });
  }
  threads.clear();
  EXPECT_GT(sent, 50);
  EXPECT_TRUE(server.all_gone());
  EXPECT_TRUE(server.serves());
}

}  // namespace
}  // namespace braid::ops
