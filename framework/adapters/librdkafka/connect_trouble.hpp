#pragma once

#include "adapters/librdkafka/rdkafka_settings.hpp"

#include <braid/result.hpp>
#include <braid/routing/routes.hpp>

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

namespace braid::adapters {

// Why no broker can be used, gathered from what librdkafka says bit by bit and again with each attempt, as one
// error: what, where, and what to try. Thread: the client's.
class ConnectTrouble {
 public:
  // What the client was told, for the error's text.
  struct Context {
    std::string servers;
    std::string user;
    std::string mechanism;
    routing::KafkaSettings secrets;  // struck out of all that is said
    // Before librdkafka 2.6.1, which sent its nonce twice (#4895): brokers from 4.0 on refuse every SCRAM login.
    bool scram_is_sound = true;
  };

  explicit ConnectTrouble(Context context) : context_(std::move(context)) {}
  static Context context_of(const rd_kafka_conf_t& conf, const KafkaSettings& users);

  // Has librdkafka tell why it does not accept a certificate, which before 2.4 it keeps to itself. What is accepted
  // stays the same.
  static void explain_certificates(rd_kafka_conf_t& conf);

  // An error of librdkafka's. The first of the most telling kind stays.
  void note(rd_kafka_resp_err_t code, std::string_view reason);
  // A line of its log. True where error() says the same, so that it need not be written.
  bool note_line(std::string_view facility, std::string_view text);

  // A broker answers, and refuses us, or is refused: waiting won't help.
  [[nodiscard]] bool refused() const { return kind_ >= Kind::tls; }
  // `waited`: how long it was tried; told where nothing answered.
  [[nodiscard]] Error error(std::chrono::milliseconds waited) const;

 private:
  // The further down, the more it tells.
  enum class Kind : std::uint8_t { none, all_down, transport, tls, credentials };

  [[nodiscard]] std::string of_certificate() const;
  [[nodiscard]] std::string of_credentials() const;

  Context context_;
  Kind kind_ = Kind::none;
  std::string reason_;
  std::string certificate_;  // the log's line about one that was not accepted
};

// Waits for any broker to answer, at most `timeout`; about a second longer than the first refusal, since another
// broker may not refuse. Once `given_up` is raised it ends with an error of kind closed. `serve` is called between
// the attempts, and has librdkafka's errors noted.
Result<void> reach_broker(rd_kafka_t* rk, std::chrono::milliseconds timeout, const ConnectTrouble& trouble,
                          void (*serve)(void* opaque), void* opaque, const std::atomic<bool>* given_up = nullptr);

}  // namespace braid::adapters
