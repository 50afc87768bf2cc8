#include <braid/routing/secrets.hpp>

#include <algorithm>
#include <array>
#include <vector>

namespace braid::routing {

namespace {

constexpr std::array<std::string_view, 24> kHarmless{
    "sasl.mechanism",
    "sasl.mechanisms",
    "sasl.username",
    "sasl.kerberos.service.name",
    "sasl.kerberos.principal",
    "sasl.kerberos.keytab",
    "sasl.kerberos.min.time.before.relogin",
    "sasl.oauthbearer.method",
    "sasl.oauthbearer.client.id",
    "sasl.oauthbearer.scope",
    "enable.sasl.oauthbearer.unsecure.jwt",
    "enable.ssl.certificate.verification",
    "ssl.ca.location",
    "ssl.ca.certificate.stores",
    "ssl.certificate.location",
    "ssl.cipher.suites",
    "ssl.crl.location",
    "ssl.curves.list",
    "ssl.endpoint.identification.algorithm",
    "ssl.engine.id",
    "ssl.key.location",
    "ssl.keystore.location",
    "ssl.providers",
    "ssl.sigalgs.list",
};

// Also of mistyped names: "pas" is in "pasword" too. Those that mean something else are harmless by name.
constexpr std::array<std::string_view, 8> kTelling{"pas", "pwd",   "secret", "token",
                                                   "pem", "jaas.", "priv",   "credential"};

constexpr std::size_t kShortest = 4;

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// As people write it: SASL.Password is none that librdkafka knows, and says as much.
std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return result;
}

void replace_all(std::string& text, const std::string& what) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + kHidden.size())) {
    text.replace(at, what.size(), kHidden);
  }
}

}  // namespace

bool is_secret(std::string_view kafka_setting) {
  const std::string name = lower(kafka_setting);
  if (std::find(kHarmless.begin(), kHarmless.end(), name) != kHarmless.end()) return false;
  if (contains(name, "sasl.") || contains(name, "ssl.")) return true;
  return std::any_of(kTelling.begin(), kTelling.end(), [&](std::string_view part) { return contains(name, part); });
}

std::string shown(std::string_view kafka_setting, std::string_view value) {
  return std::string(is_secret(kafka_setting) ? kHidden : value);
}

std::string without_secrets(std::string text, const KafkaSettings& settings) {
  std::vector<const std::string*> secrets;
  for (const auto& [name, value] : settings) {
    if (value.size() >= kShortest && is_secret(name)) secrets.push_back(&value);
  }
  // Longest first: one may be part of another, whose rest would stay.
  std::sort(secrets.begin(), secrets.end(), [](const auto* a, const auto* b) { return a->size() > b->size(); });
  for (const std::string* secret : secrets) replace_all(text, *secret);
  return text;
}

}  // namespace braid::routing
