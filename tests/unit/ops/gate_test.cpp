#include "ops/src/gate.hpp"

#include <gtest/gtest.h>

#include <string>

namespace braid::ops {
namespace {

Request from(std::string host) {
  Request request;
  request.hosts.push_back(std::move(host));
  return request;
}

int status_of(const Gate& gate, const Request& request) {
  const auto refused = refuse(gate, request);
  return refused ? refused->status : 0;
}

TEST(Gate, PlainAddressesAndLocalhostAreItsNames) {
  for (const char* host : {"localhost", "LOCALHOST:80", "127.0.0.1", "127.0.0.1:8080", "10.0.3.4:1", "[::1]",
                           "[::1]:8080", "[fe80::1]:80", "localhost."}) {
    EXPECT_EQ(status_of({}, from(host)), 0) << host;
  }
}

// A name that an attacker owns may point to this machine.
TEST(Gate, ForeignNamesAreRefused) {
  for (const char* host : {"evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example",
                           "1.2.3", "1.2.3.4.5", "127.0.0.1a", "[evil]", "127.0.0.x"}) {
    EXPECT_EQ(status_of({}, from(host)), 421) << host;
  }
}

TEST(Gate, NamesMayBeAdded) {
  const Gate gate{.names = {"Ops.Example.com"}, .origins = {}};
  EXPECT_EQ(status_of(gate, from("ops.example.COM:9000")), 0);
  EXPECT_EQ(status_of(gate, from("example.com")), 421);
}

TEST(Gate, MalformedHostsAreRefused) {
  for (const char* host : {"", ":80", "localhost:", "localhost:x", "localhost:123456", "a:b:c"}) {
    EXPECT_EQ(status_of({}, from(host)), 400) << host;
  }
  EXPECT_EQ(status_of({}, Request{}), 400);
  Request two = from("localhost");
  two.hosts.emplace_back("localhost");
  EXPECT_EQ(status_of({}, two), 400);
}

TEST(Gate, OnlyItsOwnPagesMayAsk) {
  Request request = from("localhost:8080");
  request.path = "/api/jobs";
  request.origin = "http://localhost:8080";
  EXPECT_EQ(status_of({}, request), 0);
  for (const char* origin : {"null", "", "http://evil.example", "http://localhost:81", "https://localhost:8080",
                             "http://localhost:8080.evil.example"}) {
    request.origin = origin;
    EXPECT_EQ(status_of({}, request), 403) << origin;
  }
  request.origin = "https://ops.example.com";
  EXPECT_EQ(status_of({.names = {}, .origins = {"https://ops.example.com"}}, request), 0);
}

TEST(Gate, WhatABrowserSendsForAForeignPageIsRefused) {
  Request request = from("localhost");
  request.path = "/api/jobs";
  request.fetch_site = "cross-site";
  EXPECT_EQ(status_of({}, request), 403);
  request.fetch_site = "same-site";
  EXPECT_EQ(status_of({}, request), 403);
  request.fetch_site = "same-origin";
  EXPECT_EQ(status_of({}, request), 0);
  request.fetch_site = "none";
  EXPECT_EQ(status_of({}, request), 0);
  request.fetch_site = "cross-site";
  request.path = "/";  // a link to the page
  EXPECT_EQ(status_of({}, request), 0);
}

TEST(Gate, OnlyTheWholeTokenIsTheToken) {
  EXPECT_TRUE(same_token("0123456789abcdef", "0123456789abcdef"));
  for (const char* other : {"", "0", "0123456789abcde", "0123456789abcdeF", "0123456789abcdef0",
                            "0123456789abcdef0123456789abcdef", "1123456789abcdef"}) {
    EXPECT_FALSE(same_token(other, "0123456789abcdef")) << other;
  }
  EXPECT_FALSE(same_token("", ""));
  EXPECT_FALSE(same_token("x", ""));
}

}  // namespace
}  // namespace braid::ops
