#include "mock/application/application_test.hpp"

#include <algorithm>

namespace braid::application_test {
namespace {

constexpr const char* kSecret = "hunter2-and-more";

class SecretsOfClients : public ::testing::Test {
 protected:
  KeptStderr log;
  std::shared_ptr<Recorder> recorder = std::make_shared<Recorder>();

  // librdkafka reads this only when it makes a token, and quotes what it can't read.
  static Settings unreadable_token() {
    Settings settings = test_settings("127.0.0.1:1", {{"security.protocol", "sasl_plaintext"},
                                                      {"sasl.mechanism", "OAUTHBEARER"},
                                                      {"enable.sasl.oauthbearer.unsecure.jwt", "true"},
                                                      {"sasl.oauthbearer.config", kSecret},
                                                      {"debug", "all"}});
    settings.log_level = LogLevel::trace;
    settings.connect_timeout = 1500ms;
    return settings;
  }
};

TEST_F(SecretsOfClients, AreStruckOutOfWhatTheLibrarySays) {
  const Settings settings = unreadable_token();
  std::size_t struck_out = 0;
  Application app(settings, route("g", "orders", recorder));
  try {
    app.start();
    FAIL() << "it started";
  } catch (const ApplicationError& error) {
    EXPECT_EQ(std::string(error.what()).find(kSecret), std::string::npos) << error.what();
    struck_out += std::string(error.what()).find("***") != std::string::npos ? 1 : 0;
  }
  try {
    Producer producer({.kafka = settings.kafka, .connect_timeout = 1500ms, .log_level = LogLevel::trace});
    FAIL() << "it started";
  } catch (const ApplicationError& error) {
    EXPECT_EQ(std::string(error.what()).find(kSecret), std::string::npos) << error.what();
    struck_out += std::string(error.what()).find("***") != std::string::npos ? 1 : 0;
  }
  EXPECT_EQ(log.count(kSecret), 0U);
  EXPECT_GT(struck_out + log.count("***"), 0U) << "the library has quoted nothing, so this shows nothing";
}

TEST_F(SecretsOfClients, AreNotInErrorsOfSettings) {
  Settings settings = test_settings("127.0.0.1:1", {});
  for (const auto& [name, value] : std::map<std::string, std::string>{
           {"sasl.pasword", kSecret}, {"ssl.key.pem", kSecret}, {"sasl.mechanisms", "no-such"}}) {
    settings.kafka = {{"bootstrap.servers", "127.0.0.1:1"},
                      {"security.protocol", "sasl_ssl"},
                      {"sasl.username", "alice"},
                      {"sasl.password", kSecret},
                      {name, value}};
    Application app(settings, route("g", "orders", recorder));
    try {
      app.start();
      FAIL() << "taken: " << name;
    } catch (const std::exception& error) {
      EXPECT_EQ(std::string(error.what()).find(kSecret), std::string::npos) << error.what();
      const std::string text = error.what();
      EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 0) << text;
    }
  }
  EXPECT_EQ(log.count(kSecret), 0U);
}

}  // namespace
}  // namespace braid::application_test
