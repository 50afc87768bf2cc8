#include "adapters/librdkafka/rdkafka_settings.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace braid::adapters {
namespace {

std::set<std::string> names_of(const char** dump, std::size_t count) {
  std::set<std::string> names;
  for (std::size_t i = 0; i + 1 < count; i += 2) names.insert(dump[i]);
  rd_kafka_conf_dump_free(dump, count);
  return names;
}

// All that the library has a default for; those that it has none for are in the tests of routing's secrets.
TEST(SecretSettings, OrdinaryOnesAreShown) {
  const ConfPtr conf{rd_kafka_conf_new()};
  std::size_t count = 0;
  const char** dump = rd_kafka_conf_dump(conf.get(), &count);
  const auto names = names_of(dump, count);
  ASSERT_GT(names.size(), 50U);
  for (const std::string& name : names) {
    if (name.starts_with("sasl.") || name.starts_with("ssl")) continue;
    EXPECT_FALSE(routing::is_secret(name)) << name;
  }
}

std::string error_of(const KafkaSettings& users) {
  const auto conf = make_conf({}, users);
  return conf ? "taken" : conf.error().text();
}

TEST(SecretSettings, AreNotInErrors) {
  // A name that the library does not know, and one that it knows with a value that it refuses.
  EXPECT_EQ(error_of({{"sasl.pasword", "hunter2"}}),
            "Kafka setting sasl.pasword=***: No such configuration property: \"sasl.pasword\"; did you mean "
            "sasl.password?");
  EXPECT_EQ(error_of({{"sazl.pssword", "hunter2"}}).find("hunter2"), std::string::npos)
      << "near to a secret's name: " << error_of({{"sazl.pssword", "hunter2"}});
  for (const char* name : {"ssl.key.pem", "ssl.certificate.pem", "sasl.jaas.config", "ssl.keystore.password",
                           "sasl.oauthbearer.client.secret"}) {
    const std::string text = error_of({{name, std::string("hunter2\0x", 9)}, {"no.such", "x"}});
    EXPECT_EQ(text.find("hunter2"), std::string::npos) << text;
  }
  EXPECT_NE(error_of({{"session.timeout.mss", "6000"}}).find("=6000"), std::string::npos)
      << "what is no secret is told";
}

TEST(SecretSettings, AreKnownFromTheUsersSettings) {
  const auto secrets = secrets_of({{"sasl.password", "hunter2"}, {"sasl.username", "alice"}, {"client.id", "c"}});
  EXPECT_EQ(secrets, (routing::KafkaSettings{{"sasl.password", "hunter2"}}));
}

}  // namespace
}  // namespace braid::adapters
