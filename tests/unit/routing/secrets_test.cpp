#include <braid/routing/describe.hpp>
#include <braid/routing/draw.hpp>
#include <braid/routing/load.hpp>
#include <braid/routing/problem.hpp>
#include <braid/routing/secrets.hpp>
#include <braid/routing/validate.hpp>

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace braid::routing;

TEST(Secrets, AreTheValuesThatLetOneIn) {
  for (const char* name :
       {"sasl.password", "ssl.key.password", "ssl.key.pem", "ssl.keystore.password", "sasl.oauthbearer.config",
        "sasl.oauthbearer.client.secret", "sasl.oauthbearer.assertion.private.key.pem",
        "sasl.oauthbearer.assertion.private.key.passphrase", "sasl.oauthbearer.token.endpoint.url",
        "sasl.jaas.config", "ssl.truststore.password"}) {
    EXPECT_TRUE(is_secret(name)) << name;
  }
}

TEST(Secrets, WhatIsMistypedOrNewStaysHidden) {
  for (const char* name : {"sasl.pasword", "SASL.Password", "sals.password", "sasl.passwd", "ssl.key.passphrase",
                           "sasl.invented.later", "my.secret", "ssl.key.pme", "kafka.sasl.password"}) {
    EXPECT_TRUE(is_secret(name)) << name;
  }
}

TEST(Secrets, AreNotWhatOneLooksForWhenSomethingIsWrong) {
  for (const char* name :
       {"bootstrap.servers", "security.protocol", "sasl.mechanism", "sasl.mechanisms", "sasl.username",
        "ssl.ca.location", "ssl.certificate.location", "ssl.key.location", "ssl.endpoint.identification.algorithm",
        "enable.ssl.certificate.verification", "group.instance.id", "client.id", "fetch.min.bytes"}) {
    EXPECT_FALSE(is_secret(name)) << name;
    EXPECT_EQ(shown(name, "as it is"), "as it is");
  }
  EXPECT_EQ(shown("sasl.password", "hunter2"), "***");
}

TEST(Secrets, AreStruckOutOfTextsOfOthers) {
  const KafkaSettings settings{{"sasl.password", "hunter2"},
                               {"sasl.oauthbearer.config", "hunter2 and more"},
                               {"sasl.username", "alice"},
                               {"ssl.key.password", "abc"}};
  EXPECT_EQ(without_secrets("alice: hunter2, hunter2 and more, hunter22; abc", settings),
            "alice: ***, ***, ***2; abc");
  EXPECT_EQ(without_secrets("", settings), "");
}

// A secret that is in what takes its place must not be looked for in it for ever.
TEST(Secrets, MayBeStars) {
  EXPECT_EQ(without_secrets("x ****", {{"sasl.password", "****"}}), "x ***");
}

Routes routes_with_password() {
  return draw([](auto& r) {
    r.consumer_group("readers", [](auto& g) {
      g.kafka("sasl.password", "hunter2-group").kafka("sasl.username", "alice");
      g.subscription_group("one", [](auto& s) {
        s.kafka("ssl.key.password", "hunter2-key");
        s.topic("a").kafka("sasl.password", "hunter2-a");
        s.topic("b").kafka("sasl.password", "hunter2-b");
      });
    });
  });
}

TEST(Secrets, AreNotDescribed) {
  const std::string text = describe(routes_with_password());
  EXPECT_NE(text.find("sasl.password = ***"), std::string::npos) << text;
  EXPECT_NE(text.find("sasl.username = alice"), std::string::npos) << text;
  EXPECT_EQ(text.find("hunter2"), std::string::npos) << text;
}

TEST(Secrets, AreNotInProblemsOfRoutes) {
  const auto problems = validate(routes_with_password());
  ASSERT_FALSE(problems.empty()) << "two topics of one client differ";
  for (const auto& problem : problems) {
    EXPECT_EQ(problem.message.find("hunter2"), std::string::npos) << problem.message;
  }
}

// Whatever is wrong around it.
TEST(Secrets, AreNotInProblemsOfFiles) {
  for (const char* kafka : {
           "{sasl.password: [hunter2]}",
           "{sasl.password: {hunter2: x}}",
           "{sasl.password: hunter2, sasl.password: hunter2}",
           "[sasl.password, hunter2]",
           "sasl.password=hunter2",
           "{sasl.password: hunter2, group.id: hunter}",
           "{sasl.password: 'hunter2}",
           "{sasl.password: hunter2",
           "{sasl.password: !!int hunter2, : }",
       }) {
    const std::string text = std::string("consumer_groups:\n  - id: g\n    kafka: ") + kafka +
                             "\n    topics:\n      - name: orders\n        consumer: Nobody\n";
    const Loaded loaded = load_text(text, ConsumerRegistry{});
    EXPECT_FALSE(loaded.ok()) << "taken: " << kafka;
    for (const auto& problem : loaded.problems) {
      EXPECT_EQ(problem.message.find("hunter2"), std::string::npos) << problem.message;
    }
  }
}

}  // namespace
