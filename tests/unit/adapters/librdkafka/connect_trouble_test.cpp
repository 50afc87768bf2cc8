#include "adapters/librdkafka/connect_trouble.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace braid::adapters {
namespace {

using namespace std::chrono_literals;

class Trouble : public ::testing::Test {
 protected:
  ConnectTrouble trouble{{.servers = "a:1,b:2",
                          .user = "alice",
                          .mechanism = "SCRAM-SHA-256",
                          .secrets = {{"sasl.password", "hunter2"}}}};
  [[nodiscard]] std::string text() const { return trouble.error(8s).text(); }
};

constexpr const char* kRefused =
    "sasl_ssl://127.0.0.1:9093/bootstrap: SASL authentication error: Authentication failed during authentication "
    "due "
    "to invalid credentials with SASL mechanism SCRAM-SHA-256 (after 5ms in state AUTH_REQ, 1 identical error(s) "
    "suppressed)";
constexpr const char* kHandshake =
    "ssl://127.0.0.1:9093/bootstrap: SSL handshake failed: error:0A000086:SSL routines::certificate verify failed "
    "(after 3ms in state SSL_HANDSHAKE)";

TEST_F(Trouble, OfSilenceTellsTheServers) {
  EXPECT_EQ(text(), "no broker answers at a:1,b:2 within 8 s; check bootstrap.servers and that the broker runs");
  trouble.note(RD_KAFKA_RESP_ERR__TRANSPORT, "a:1: Connection refused");
  trouble.note(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "2/2 brokers are down");
  EXPECT_EQ(text(),
            "no broker answers at a:1,b:2 within 8 s (a:1: Connection refused); check bootstrap.servers and "
            "that the broker runs");
  EXPECT_FALSE(trouble.refused());
}

TEST_F(Trouble, OfCredentialsTellsWhoWhereAndWhatToTry) {
  trouble.note(RD_KAFKA_RESP_ERR__AUTHENTICATION, kRefused);
  trouble.note(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "1/1 brokers are down");
  EXPECT_EQ(
      text(),
      "the broker at 127.0.0.1:9093 refuses user 'alice' (SCRAM-SHA-256): SASL authentication error: "
      "Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-256; "
      "check sasl.username, sasl.password and sasl.mechanism");
  EXPECT_TRUE(trouble.refused());
  EXPECT_EQ(trouble.error(8s).kind(), Error::Kind::not_authorized);
  EXPECT_FALSE(trouble.error(8s).retriable());
}

// The password may be right, and the broker's refusal sounds the same.
TEST_F(Trouble, OfScramNamesTheVersionThatCanDoIt) {
  ConnectTrouble old{
      {.servers = "a:1", .user = "alice", .mechanism = "SCRAM-SHA-256", .secrets = {}, .scram_is_sound = false}};
  old.note(RD_KAFKA_RESP_ERR__AUTHENTICATION, kRefused);
  EXPECT_TRUE(old.error(8s).text().ends_with(
      "or use librdkafka 2.6.1 or later: brokers from 4.0 on refuse every SCRAM login of earlier ones"))
      << old.error(8s).text();
  ConnectTrouble plain{
      {.servers = "a:1", .user = "alice", .mechanism = "PLAIN", .secrets = {}, .scram_is_sound = false}};
  plain.note(RD_KAFKA_RESP_ERR__AUTHENTICATION, kRefused);
  EXPECT_TRUE(plain.error(8s).text().ends_with("sasl.mechanism")) << plain.error(8s).text();
}

TEST_F(Trouble, OfACertificateTellsWhatIsWrongWithIt) {
  EXPECT_TRUE(
      trouble.note_line("SSLCERTVRFY",
                        "[thrd:ssl://127.0.0.1:9093/bootstrap]: ssl://127.0.0.1:9093/bootstrap: Certificate "
                        "(subject=/CN=127.0.0.1, issuer=/CN=Some CA) verification callback failed: it has "
                        "expired (X509 error 10)"));
  trouble.note(RD_KAFKA_RESP_ERR__SSL, kHandshake);
  EXPECT_EQ(
      text(),
      "the certificate of the broker at 127.0.0.1:9093 is not accepted: it has expired (X509 error 10); its "
      "subject is /CN=127.0.0.1, its issuer /CN=Some CA; renew the broker's certificate; if it has not expired, "
      "check this machine's clock");
}

TEST_F(Trouble, OfTlsWithoutACertificateTellsTheReason) {
  trouble.note(RD_KAFKA_RESP_ERR__SSL, kHandshake);
  EXPECT_EQ(
      text(),
      "no TLS with the broker at 127.0.0.1:9093: SSL handshake failed: error:0A000086:SSL routines::certificate "
      "verify failed; check security.protocol and the ssl.* settings");
}

TEST_F(Trouble, LinesThatTheErrorRepeatsAreNotWanted) {
  EXPECT_TRUE(trouble.note_line("FAIL", "x"));
  EXPECT_TRUE(trouble.note_line("ERROR", "x"));
  EXPECT_FALSE(trouble.note_line("CONFWARN", "Configuration property acks is a producer property"));
}

TEST_F(Trouble, NeverTellsASecret) {
  trouble.note(RD_KAFKA_RESP_ERR__AUTHENTICATION, "sasl://h:1: what hunter2 is");
  EXPECT_EQ(text().find("hunter2"), std::string::npos) << text();
}

}  // namespace
}  // namespace braid::adapters
