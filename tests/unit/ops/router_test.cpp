#include "ops/src/router.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace braid::ops {
namespace {

constexpr const char* kToken = "0123456789abcdef";

Router router(const char* token) {
  Router router(token);
  router.get("/here", [](const Request& /*request*/) { return json_answer("here"); });
  router.get("/throws", [](const Request& /*request*/) -> Response { throw std::runtime_error("on purpose"); });
  router.command("/do", [](const Request& request) { return json_answer("did " + request.body); });
  return router;
}

Request ask(Method method, const char* path) {
  Request request;
  request.method = method;
  request.path = path;
  return request;
}

Request command(const char* token) {
  Request request = ask(Method::post, "/do");
  request.token = token;
  request.content_type = "application/json";
  request.body = "it";
  return request;
}

TEST(Router, AnswersWhatItKnows) {
  EXPECT_EQ(router(kToken).route(ask(Method::get, "/here")).body, "here");
  EXPECT_EQ(router(kToken).route(ask(Method::head, "/here")).status, 200);
  EXPECT_EQ(router(kToken).route(ask(Method::get, "/there")).status, 404);
  EXPECT_EQ(router(kToken).route(ask(Method::get, "/here/")).status, 404);
}

TEST(Router, OtherMethodsAreRefusedWithThoseThatAreTaken) {
  const Response post = router(kToken).route(ask(Method::post, "/here"));
  EXPECT_EQ(post.status, 405);
  EXPECT_EQ(post.allow, "GET, HEAD");
  const Response get = router(kToken).route(ask(Method::get, "/do"));
  EXPECT_EQ(get.status, 405);
  EXPECT_EQ(get.allow, "POST");
}

TEST(Router, ACommandNeedsTheToken) {
  EXPECT_EQ(router(kToken).route(command(kToken)).body, "did it");
  EXPECT_EQ(router(kToken).route(command("")).status, 401);
  EXPECT_EQ(router(kToken).route(command("0123456789abcdeF")).status, 401);
}

TEST(Router, WithoutATokenThereAreNoCommands) {
  const Response unknown = router("").route(ask(Method::post, "/no-such-thing"));
  for (const char* token : {"", kToken}) {
    const Response response = router("").route(command(token));
    EXPECT_EQ(response.status, 404);
    EXPECT_EQ(response.body, unknown.body);
  }
  EXPECT_EQ(router("").route(ask(Method::get, "/do")).status, 404);
}

TEST(Router, ACommandIsJson) {
  Request request = command(kToken);
  request.content_type = "application/json; charset=utf-8";
  EXPECT_EQ(router(kToken).route(request).status, 200);
  for (const char* type : {"", "text/plain", "application/jsonp", "application/x-www-form-urlencoded"}) {
    request.content_type = type;
    EXPECT_EQ(router(kToken).route(request).status, 415) << type;
  }
}

TEST(Router, WhatThrowsIsAnAnswer) {
  const Response response = router(kToken).route(ask(Method::get, "/throws"));
  EXPECT_EQ(response.status, 500);
  EXPECT_NE(response.body.find("on purpose"), std::string::npos);
}

}  // namespace
}  // namespace braid::ops
