#include "adapters/librdkafka/connect_trouble.hpp"

#include "adapters/librdkafka/rdkafka_errors.hpp"
#include "adapters/librdkafka/rdkafka_version.hpp"

#include <braid/routing/secrets.hpp>

#include <algorithm>
#include <array>
#include <cstdio>

namespace braid::adapters {
namespace {

constexpr std::chrono::milliseconds kReachSlice{250};
constexpr std::chrono::milliseconds kReachSliceMost{2000};
// Another broker may take what one refuses, for so long.
constexpr auto kRefusalGrace = std::chrono::milliseconds{1000};

struct Verdict {
  int number;  // OpenSSL's X509_V_ERR_..., which are the same in all versions
  std::string_view what;
  std::string_view advice;
};

constexpr std::string_view kUnknownIssuer =
    "set ssl.ca.location to the certificate of the authority that signed it";
constexpr std::string_view kOtherHost =
    "use the name that the certificate has in bootstrap.servers and in the broker's advertised.listeners";
constexpr std::array kVerdicts{
    Verdict{2, "its issuer is not known here", kUnknownIssuer},
    Verdict{9, "it is not yet valid", "check this machine's clock and the certificate's notBefore"},
    Verdict{10, "it has expired",
            "renew the broker's certificate; if it has not expired, check this machine's clock"},
    Verdict{18, "it is self-signed and not trusted here", kUnknownIssuer},
    Verdict{19, "its chain ends in an authority that is not trusted here", kUnknownIssuer},
    Verdict{20, "its issuer is not known here", kUnknownIssuer},
    Verdict{21, "its issuer is not known here", kUnknownIssuer},
    Verdict{23, "it has been revoked", "renew the broker's certificate"},
    Verdict{62, "it is another host's", kOtherHost},
    Verdict{64, "it is another address's", kOtherHost},
};
constexpr std::string_view kElse = "OpenSSL does not accept it";

// On a thread of librdkafka's, within the handshake: only looks at its arguments. Decides as librdkafka does
// without it, and says why.
int explain(rd_kafka_t*, const char*, std::int32_t, int* x509_error, int, const char*, std::size_t, char* text,
            std::size_t size, void*) {
  if (*x509_error == 0) return 1;
  const auto found = std::find_if(kVerdicts.begin(), kVerdicts.end(),
                                  [&](const Verdict& each) { return each.number == *x509_error; });
  const std::string_view what = found == kVerdicts.end() ? kElse : found->what;
  std::snprintf(text, size, "%.*s (X509 error %d)", static_cast<int>(what.size()), what.data(), *x509_error);
  return 0;
}

// "sasl_ssl://127.0.0.1:9093/bootstrap: what happened (after 5ms in state AUTH_REQ, 1 identical ...)"
struct Parts {
  std::string_view where;
  std::string_view what;
};

Parts split(std::string_view reason) {
  Parts parts{{}, reason};
  const auto scheme = reason.find("://");
  const auto end = reason.find(": ");
  if (scheme != std::string_view::npos && end != std::string_view::npos && scheme < end) {
    parts.where = reason.substr(scheme + 3, end - scheme - 3);
    parts.where = parts.where.substr(0, parts.where.find('/'));
    parts.what = reason.substr(end + 2);
  }
  const auto state = parts.what.rfind(" (after ");
  if (state != std::string_view::npos) parts.what = parts.what.substr(0, state);
  return parts;
}

std::string at(std::string_view where, std::string_view otherwise) {
  return "the broker at " + std::string(where.empty() ? otherwise : where);
}

std::string between(std::string_view text, std::string_view before, std::string_view after) {
  const auto from = text.find(before);
  if (from == std::string_view::npos) return {};
  const auto start = from + before.size();
  const auto to = text.find(after, start);
  return std::string(text.substr(start, to == std::string_view::npos ? to : to - start));
}

}  // namespace

ConnectTrouble::Context ConnectTrouble::context_of(const rd_kafka_conf_t& conf, const KafkaSettings& users) {
  return {.servers = setting(conf, "bootstrap.servers"),
          .user = setting(conf, "sasl.username"),
          .mechanism = setting(conf, "sasl.mechanisms"),
          .secrets = secrets_of(users),
          .scram_is_sound = rdkafka_at_least(2, 6, 1)};
}

void ConnectTrouble::explain_certificates(rd_kafka_conf_t& conf) {
  // Refused by a librdkafka without TLS, where there is nothing to explain.
  (void)rd_kafka_conf_set_ssl_cert_verify_cb(&conf, &explain);
}

void ConnectTrouble::note(rd_kafka_resp_err_t code, std::string_view reason) {
  Kind kind = Kind::transport;
  if (code == RD_KAFKA_RESP_ERR__AUTHENTICATION || code == RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED) {
    kind = Kind::credentials;
  } else if (code == RD_KAFKA_RESP_ERR__SSL) {
    kind = Kind::tls;
  } else if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
    kind = Kind::all_down;
  }
  // Of those that only wait, the last one tells the present.
  if (kind < kind_ || (kind == kind_ && refused())) return;
  kind_ = kind;
  reason_ = routing::without_secrets(std::string(reason), context_.secrets);
}

bool ConnectTrouble::note_line(std::string_view facility, std::string_view text) {
  if (facility == "SSLCERTVRFY" && certificate_.empty()) certificate_ = text;
  return facility == "FAIL" || facility == "ERROR" || facility == "SSLCERTVRFY";
}

std::string ConnectTrouble::of_certificate() const {
  const std::string what = between(certificate_, "verification callback failed: ", "\n");
  const auto found = std::find_if(kVerdicts.begin(), kVerdicts.end(),
                                  [&](const Verdict& each) { return what.starts_with(each.what); });
  const std::string_view advice =
      found == kVerdicts.end() ? "check the certificate and ssl.ca.location" : found->advice;
  return "the certificate of " + at(split(reason_).where, context_.servers) + " is not accepted: " + what +
         "; its subject is " + between(certificate_, "subject=", ", issuer=") + ", its issuer " +
         between(certificate_, "issuer=", ") ") + "; " + std::string(advice);
}

std::string ConnectTrouble::of_credentials() const {
  const Parts parts = split(reason_);
  std::string text = at(parts.where, context_.servers) + " refuses user '" + context_.user + "' (" +
                     context_.mechanism + "): " + std::string(parts.what) +
                     "; check sasl.username, sasl.password and sasl.mechanism";
  if (!context_.scram_is_sound && context_.mechanism.starts_with("SCRAM")) {
    text += "; or use librdkafka 2.6.1 or later: brokers from 4.0 on refuse every SCRAM login of earlier ones";
  }
  return text;
}

Error ConnectTrouble::error(std::chrono::milliseconds waited) const {
  const Parts parts = split(reason_);
  switch (kind_) {
    case Kind::credentials:
      return {Error::Kind::not_authorized, of_credentials()};
    case Kind::tls:
      if (!certificate_.empty()) return {Error::Kind::broker_unreachable, of_certificate()};
      return {Error::Kind::broker_unreachable, "no TLS with " + at(parts.where, context_.servers) + ": " +
                                                   std::string(parts.what) +
                                                   "; check security.protocol and the ssl.* settings"};
    default:
      return unreachable(context_.servers, waited, reason_);
  }
}

Result<void> reach_broker(rd_kafka_t* rk, std::chrono::milliseconds timeout, const ConnectTrouble& trouble,
                          void (*serve)(void* opaque), void* opaque, const std::atomic<bool>* given_up) {
  using std::chrono::milliseconds;
  using std::chrono::steady_clock;
  auto deadline = steady_clock::now() + timeout;
  auto patience = kReachSlice;
  bool refused = false;
  for (;;) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
    const auto slice = std::clamp(left, milliseconds{1}, patience);
    const struct rd_kafka_metadata* metadata = nullptr;
    const auto code = rd_kafka_metadata(rk, 0, nullptr, &metadata, static_cast<int>(slice.count()));
    if (metadata != nullptr) rd_kafka_metadata_destroy(metadata);
    serve(opaque);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
    // Acquire: nothing but the wish crosses.
    if (given_up != nullptr && given_up->load(std::memory_order_acquire)) {
      return Error{Error::Kind::closed, "the stop came first"};
    }
    if (left <= patience) return trouble.error(timeout);
    if (trouble.refused() && !refused) {
      refused = true;
      patience = kReachSlice;
      deadline = std::min(deadline, steady_clock::now() + kRefusalGrace);
    } else if (!refused) {
      // Each round asks anew, and a slow link needs its time to answer; but a stop waits for the present one.
      patience = std::min(patience * 2, kReachSliceMost);
    }
  }
}

}  // namespace braid::adapters
