// The server on a real socket, and clients that nobody would want.

#include "ops/src/http_server.hpp"

#include "test_server.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace braid::ops {
namespace {

std::string status_line(const std::string& answer) {
  return answer.substr(0, answer.find("\r\n"));
}

TEST(HttpServer, AnswersOneRequestAfterTheOther) {
  const TestServer server;
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
  const TestServer server;
  RawClient client = server.client();
  ASSERT_TRUE(client.send("GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
  EXPECT_NE(client.read_answer().find("Connection: close"), std::string::npos);
  EXPECT_TRUE(client.closed_within(2000ms));
  EXPECT_TRUE(server.all_gone());
}

TEST(HttpServer, AHeadHasNoBody) {
  const TestServer server;
  RawClient client = server.client();
  ASSERT_TRUE(client.send("HEAD /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  EXPECT_NE(client.read_answer(false).find("Content-Length: 8"), std::string::npos);
  ASSERT_TRUE(client.send(kGet));
  EXPECT_TRUE(client.read_answer().starts_with("HTTP/1.1 200"));
}

TEST(HttpServer, WhatIsTooLargeIsRefusedAndClosed) {
  const TestServer server;
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
  const TestServer server;
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
  const TestServer server;
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
  const TestServer server(limits);
  RawClient client = server.client();
  EXPECT_TRUE(client.closed_within(5000ms));
  EXPECT_TRUE(server.all_gone());
}

// Each byte comes in time, and the request never does.
TEST(HttpServer, WhoDripsIsClosed) {
  const TestServer server;
  RawClient client = server.client();
  const auto start = Clock::now();
  client.send("GET /hello HTTP/1.1\r\nHost: localhost\r\nX: ");
  while (client.send("x") && Clock::now() - start < 5s) std::this_thread::sleep_for(20ms);
  EXPECT_LT(Clock::now() - start, 5s);
  EXPECT_TRUE(server.all_gone());
}

TEST(HttpServer, WhoDoesNotReadIsClosedAndHoldsUpNobody) {
  const TestServer server;
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
  const TestServer server(limits);
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
  const TestServer server(limits);
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

TEST(HttpServer, NewsComeByThemselves) {
  const TestServer server(quick(), "{\"a\":1}");
  RawClient client = server.client();
  ASSERT_TRUE(client.send(kListen));
  EXPECT_TRUE(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 200"));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.read_until("\n\n"), "event: live\ndata: {\"a\":1}\n\n");
}

TEST(HttpServer, WhoListensAgainHearsAgain) {
  const TestServer server;
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
  const TestServer server(limits);
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
  const TestServer server(limits, std::string(1024 * 1024, 'x'));
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
  auto server = std::make_unique<TestServer>();
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
  const TestServer server;
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

}  // namespace
}  // namespace braid::ops
