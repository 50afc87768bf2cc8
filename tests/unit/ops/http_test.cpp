#include "ops/src/http.hpp"

#include "ops/src/json_text.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace braid::ops {
namespace {

TEST(Target, IsSplitAndDecoded) {
  Request request;
  ASSERT_TRUE(parse_target("/api/jobs?topic=a%20b&partition=3&empty&plus=a+b", request));
  EXPECT_EQ(request.path, "/api/jobs");
  EXPECT_EQ(request.parameter("topic"), "a b");
  EXPECT_EQ(request.parameter("partition"), "3");
  EXPECT_EQ(request.parameter("empty"), "");
  EXPECT_EQ(request.parameter("plus"), "a b");
  EXPECT_EQ(request.parameter("other"), std::nullopt);
  ASSERT_TRUE(parse_target("/a+b%2Fc", request));
  EXPECT_EQ(request.path, "/a+b/c");
  EXPECT_TRUE(request.query.empty());
}

TEST(Target, IsRefusedWhereItIsMalformed) {
  Request request;
  for (const char* target : {"", "x", "*", "http://host/", "/%", "/%2", "/%zz", "/a%00b", "/a%0d%0ab", "/?a=%7f"}) {
    EXPECT_FALSE(parse_target(target, request)) << target;
  }
  EXPECT_FALSE(parse_target("/" + std::string(2048, 'a'), request));
  std::string many = "/?";
  for (int i = 0; i < 33; ++i) many += "a=1&";
  EXPECT_FALSE(parse_target(many, request));
}

RC_GTEST_PROP(Target, AnyBytesAreTakenOrRefused, (const std::string& target)) {
  Request request;
  if (!parse_target("/" + target, request)) return;
  for (const char c : request.path) RC_ASSERT(static_cast<unsigned char>(c) >= 0x20);
  RC_ASSERT(request.query.size() <= 32U);
}

RC_GTEST_PROP(JsonText, AnyBytesAreValidJson, (const std::string& text)) {
  const auto value = boost::json::parse(json_string(text));
  RC_ASSERT(std::string(value.as_string()) == valid_utf8(text));
  RC_ASSERT(valid_utf8(valid_utf8(text)) == valid_utf8(text));
}

TEST(JsonText, WhatIsNoUtf8IsReplaced) {
  EXPECT_EQ(valid_utf8("aü€😀"), "aü€😀");
  EXPECT_EQ(valid_utf8("a\x80z"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(valid_utf8("\xC3"), "\xEF\xBF\xBD");                                  // cut
  EXPECT_EQ(valid_utf8("\xC0\xAF"), "\xEF\xBF\xBD\xEF\xBF\xBD");                  // longer than it need be
  EXPECT_EQ(valid_utf8("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // a surrogate
}

TEST(Answers, ARefusalIsOneJsonObject) {
  const Response response = refusal(404, "unknown_path", "there is \"nothing\"");
  EXPECT_EQ(response.status, 404);
  const auto value = boost::json::parse(response.body);
  EXPECT_EQ(value.at("error").at("code").as_string(), "unknown_path");
  EXPECT_EQ(value.at("error").at("message").as_string(), "there is \"nothing\"");
}

TEST(Answers, HeadersTellWhatBrowsersNeed) {
  const std::string text = header_text(json_answer("{}"), true);
  EXPECT_TRUE(text.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_NE(text.find("\r\nContent-Length: 2\r\n"), std::string::npos);
  EXPECT_NE(text.find("\r\nCache-Control: no-store\r\n"), std::string::npos);
  EXPECT_NE(text.find("\r\nConnection: keep-alive\r\n"), std::string::npos);
  EXPECT_NE(text.find("\r\nContent-Security-Policy: default-src 'none'; "), std::string::npos);
  EXPECT_NE(text.find("\r\nX-Content-Type-Options: nosniff\r\n"), std::string::npos);
  EXPECT_TRUE(text.ends_with("\r\n\r\n"));
  EXPECT_EQ(text.find("Access-Control-"), std::string::npos);

  Response stream;
  stream.stream = true;
  const std::string of_stream = header_text(stream, true);
  EXPECT_EQ(of_stream.find("Content-Length"), std::string::npos);
  EXPECT_NE(of_stream.find("\r\nConnection: close\r\n"), std::string::npos);
}

}  // namespace
}  // namespace braid::ops
