#include "adapters/librdkafka/rdkafka_version.hpp"
#include "integration/application/kafka_fixture.hpp"
#include "integration/security/certificates.hpp"

#include <algorithm>
#include <chrono>
#include <sstream>

namespace braid::integration {
namespace {

constexpr const char* kUser = "alice";
constexpr const char* kPassword = "correct-horse-battery";
constexpr const char* kWrong = "wrong-horse-battery";

// One node with listeners of its own: `safe` (SASL_SSL), `old` (SASL_SSL, its certificate has expired), `tls`
// (SSL).
struct SafeKafka {
  Certificates certificates;
  std::string known = certificates.authority("known");
  std::string unknown = certificates.authority("unknown");
  std::optional<KafkaCluster> cluster;

  // `libs`: Kafka's jars; empty: those of all tests.
  explicit SafeKafka(const std::string& libs = "") {
    KafkaClusterOptions options{.listeners = {{"safe", "SASL_SSL"}, {"old", "SASL_SSL"}, {"tls", "SSL"}},
                                .scram_users = {{kUser, kPassword}},
                                .libs = libs};
    const std::string good = certificates.server("good", "known");
    const std::string expired = certificates.server("expired", "known", -1);
    for (const char* name : {"safe", "old", "tls"}) {
      const std::string at = std::string("listener.name.") + name + ".";
      options.settings[at + "ssl.keystore.type"] = "PEM";
      options.settings[at + "ssl.keystore.location"] = std::string(name) == "old" ? expired : good;
      options.settings[at + "sasl.enabled.mechanisms"] = "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512";
      options.settings[at + "plain.sasl.jaas.config"] =
          std::string("org.apache.kafka.common.security.plain.PlainLoginModule required user_") + kUser + "=\"" +
          kPassword + "\";";
      for (const char* mechanism : {"scram-sha-256", "scram-sha-512"}) {
        options.settings[at + mechanism + ".sasl.jaas.config"] =
            "org.apache.kafka.common.security.scram.ScramLoginModule required;";
      }
    }
    cluster.emplace(KafkaCluster::start(options));
  }
};

class Security : public KafkaTest {
 protected:
  static void SetUpTestSuite() {
    if (KafkaCluster::available() || Certificates::available()) return;
    // Where the library's SCRAM is refused by newer brokers (librdkafka's #4895), an older one.
    kafka = std::make_unique<SafeKafka>(scram_at_new_brokers() ? "" : KafkaCluster::older_libs());
  }
  static void TearDownTestSuite() { kafka.reset(); }
  void SetUp() override {
    KafkaTest::SetUp();
    if (IsSkipped()) return;
    if (const auto reason = Certificates::available()) GTEST_SKIP() << *reason;
  }

  static bool scram_at_new_brokers() { return adapters::rdkafka_at_least(2, 6, 1); }
  static bool scram_works() { return scram_at_new_brokers() || !KafkaCluster::older_libs().empty(); }

  [[nodiscard]] Settings settings_for(const std::string& listener, const std::string& mechanism = "SCRAM-SHA-256",
                                      const std::string& password = kPassword) const {
    Settings safe = settings(kafka->cluster->bootstrap(listener));
    safe.log_level = LogLevel::trace;
    safe.kafka["ssl.ca.location"] = kafka->known;
    safe.kafka["security.protocol"] = listener == "tls" ? "ssl" : "sasl_ssl";
    if (listener != "tls") {
      safe.kafka["sasl.mechanism"] = mechanism;
      safe.kafka["sasl.username"] = kUser;
      safe.kafka["sasl.password"] = password;
    }
    return safe;
  }

  // What start() says; empty: it started.
  [[nodiscard]] std::string error_of(const Settings& given) {
    Application app(given, route(group, topic, recorder));
    try {
      app.start();
    } catch (const ApplicationError& error) {
      return error.what();
    }
    return "";
  }

  // Of what went to the log, the lines that somebody who is called at night would look at. The level stands behind
  // "2026-11-21 19:54:33.123 ".
  [[nodiscard]] std::string loud_lines() const {
    std::istringstream all(log.text());
    std::string loud;
    for (std::string line; std::getline(all, line);) {
      const std::string_view level = std::string_view(line).substr(std::min<std::size_t>(line.size(), 24));
      const bool is_loud =
          level.starts_with("error") || level.starts_with("warning") || level.starts_with("critical");
      if (is_loud) loud += line + "\n";
    }
    return loud;
  }

  void expect_one_clear_error(const Settings& given, const std::vector<std::string>& parts) {
    const auto began = std::chrono::steady_clock::now();
    const std::string text = error_of(given);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 6s) << "waiting does not help, so it is not done";
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 0) << text;
    for (const std::string& part : parts) EXPECT_NE(text.find(part), std::string::npos) << part << "\nin: " << text;
    EXPECT_EQ(text.find(kPassword), std::string::npos) << text;
    EXPECT_EQ(text.find(kWrong), std::string::npos) << text;
    EXPECT_EQ(loud_lines(), "") << "the error says it, once";
    expect_no_secrets();
    std::printf("%s\n", text.c_str());
  }

  void expect_no_secrets() const {
    EXPECT_EQ(log.count(kPassword), 0U);
    EXPECT_EQ(log.count(kWrong), 0U);
  }

  static std::unique_ptr<SafeKafka> kafka;
};

std::unique_ptr<SafeKafka> Security::kafka;

class Sasl : public Security, public ::testing::WithParamInterface<const char*> {};

// Everything that the client library can be made to say is in the log, and no secret is.
TEST_P(Sasl, OverTlsWorksAndTellsNoSecret) {
  if (std::string(GetParam()) != "PLAIN" && !scram_works()) {
    GTEST_SKIP()
        << "this librdkafka can't log in by SCRAM at Kafka 4.0 and later, and there is no older Kafka: set "
           "BRAID_OLDER_KAFKA_LIBS to the folder that tests/integration/kafka/prepare --older prints";
  }
  Settings safe = settings_for("safe", GetParam());
  safe.kafka["debug"] = "all";
  KafkaAdmin admin(kafka->cluster->bootstrap());
  admin.create_topic(topic, 2);
  {
    ProducerSettings producing;
    producing.kafka = safe.kafka;
    for (const char* consumers : {"session.timeout.ms", "heartbeat.interval.ms", "fetch.wait.max.ms"}) {
      producing.kafka.erase(consumers);
    }
    producing.log_level = LogLevel::trace;
    Producer producer(producing);
    for (int i = 0; i < 100; ++i) {
      ASSERT_TRUE(producer.produce(
          {.topic = topic, .key = "k" + std::to_string(i % 7), .payload = "p", .partition = {}, .headers = {}}));
    }
    ASSERT_TRUE(producer.flush(kDeadline));
  }
  Application app(safe, route(group, topic, recorder));
  app.start();
  EXPECT_TRUE(all_seen(100));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(admin.committed(group, topic), admin.end_offsets(topic));
  EXPECT_GT(log.count("SASL"), 0U) << "the library was not asked to tell all";
  expect_no_secrets();
}

INSTANTIATE_TEST_SUITE_P(Mechanisms, Sasl, ::testing::Values("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"),
                         [](const auto& tested) {
                           std::string name = tested.param;
                           std::erase(name, '-');
                           return name;
                         });

// The password is right, and the error must not only say that it is wrong.
TEST_F(Security, ScramThatNewBrokersRefuseIsExplained) {
  if (scram_at_new_brokers()) return;  // they don't
  const SafeKafka newer;
  Settings given = settings_for("safe", "SCRAM-SHA-256");
  given.kafka["bootstrap.servers"] = newer.cluster->bootstrap("safe");
  given.kafka["ssl.ca.location"] = newer.known;
  const std::string text = error_of(given);
  EXPECT_NE(text.find("use librdkafka 2.6.1 or later"), std::string::npos) << text;
  expect_no_secrets();
}

TEST_F(Security, TlsAloneWorks) {
  KafkaAdmin admin(kafka->cluster->bootstrap());
  admin.create_topic(topic, 1);
  produce(100, 10, kafka->cluster->bootstrap());
  Application app(settings_for("tls"), route(group, topic, recorder));
  app.start();
  EXPECT_TRUE(all_seen(100));
  EXPECT_TRUE(app.stop().in_time);
}

TEST_F(Security, AWrongPasswordIsOneClearError) {
  expect_one_clear_error(settings_for("safe", "PLAIN", kWrong),
                         {"the broker at 127.0.0.1:", "refuses user 'alice' (PLAIN)",
                          "Invalid username or password", "check sasl.username, sasl.password and sasl.mechanism"});
}

TEST_F(Security, AWrongPasswordByScramIsOneClearError) {
  expect_one_clear_error(settings_for("safe", "SCRAM-SHA-512", kWrong),
                         {"the broker at 127.0.0.1:", "refuses user 'alice' (SCRAM-SHA-512)", "invalid credentials",
                          "check sasl.username, sasl.password and sasl.mechanism"});
}

// Several connections have the same trouble, and it is one.
TEST_F(Security, AWrongPasswordOfSeveralConnectionsIsOneClearError) {
  const Settings given = settings_for("safe", "SCRAM-SHA-256", kWrong);
  Application app(given, routing::draw([&](routing::RoutesBuilder& r) {
                    r.consumer_group(group, [&](auto& g) {
                      g.subscription_group("many", [&](auto& s) {
                        s.connections(3);
                        s.topic(topic).consumer("none", [this] {
                          return std::make_unique<application_test::RecordingConsumer>(recorder);
                        });
                      });
                    });
                  }));
  EXPECT_THROW(app.start(), ApplicationError);
  EXPECT_EQ(loud_lines(), "");
  expect_no_secrets();
}

TEST_F(Security, AnExpiredCertificateIsOneClearError) {
  expect_one_clear_error(settings_for("old"),
                         {"the certificate of the broker at 127.0.0.1:", "it has expired", "/CN=127.0.0.1",
                          "known authority", "renew the broker's certificate"});
}

TEST_F(Security, AnUnknownAuthorityIsOneClearError) {
  Settings given = settings_for("safe");
  given.kafka["ssl.ca.location"] = kafka->unknown;
  expect_one_clear_error(given, {"the certificate of the broker at 127.0.0.1:", "its issuer is not known here",
                                 "known authority", "set ssl.ca.location"});
}

TEST_F(Security, AProducerSaysTheSame) {
  ProducerSettings given;
  given.kafka = settings_for("safe", "SCRAM-SHA-256", kWrong).kafka;
  for (const char* consumers : {"session.timeout.ms", "heartbeat.interval.ms", "fetch.wait.max.ms"}) {
    given.kafka.erase(consumers);
  }
  try {
    Producer producer(given);
    FAIL() << "it was let in";
  } catch (const ApplicationError& error) {
    EXPECT_NE(std::string(error.what()).find("refuses user 'alice' (SCRAM-SHA-256)"), std::string::npos)
        << error.what();
  }
  EXPECT_EQ(loud_lines(), "");
}

TEST_F(Security, AQuestionForPositionsSaysTheSame) {
  const auto positions = topic_positions(
      {.kafka = settings_for("safe", "SCRAM-SHA-256", kWrong).kafka, .topic = topic, .group = group});
  ASSERT_FALSE(positions.ok());
  EXPECT_NE(positions.error().text().find("refuses user 'alice' (SCRAM-SHA-256)"), std::string::npos)
      << positions.error().text();
}

// A key's password is asked for when the client is made.
TEST_F(Security, AKeyThatCannotBeReadTellsNoSecret) {
  Settings given = settings_for("tls");
  given.kafka["ssl.key.pem"] = "-----BEGIN PRIVATE KEY-----\ncorrect-horse-battery\n-----END PRIVATE KEY-----\n";
  given.kafka["ssl.key.password"] = kWrong;
  Application app(given, route(group, topic, recorder));
  try {
    app.start();
    FAIL() << "it was taken";
  } catch (const std::exception& error) {
    EXPECT_EQ(std::string(error.what()).find(kPassword), std::string::npos) << error.what();
    EXPECT_EQ(std::string(error.what()).find(kWrong), std::string::npos) << error.what();
  }
  expect_no_secrets();
}

}  // namespace
}  // namespace braid::integration
