#pragma once

#include <braid/batch.hpp>
#include <braid/consumer.hpp>

#include <librdkafka/rdkafka.h>

#include <array>
#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace braid::integration {

// A planted bug: what it sends is in transactions, the positions are not. Thread: as Consumer says.
class OutsideForwarding final : public Consumer {
 public:
  OutsideForwarding(const std::string& bootstrap, const std::string& id, std::string out) : out_(std::move(out)) {
    static std::atomic<int> number = 0;
    rd_kafka_conf_t* const conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", bootstrap);
    set(conf, "transactional.id", id + "-outside-" + std::to_string(number++));
    std::array<char, 256> reason{};
    rk_.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason.data(), reason.size()));
    if (!rk_) throw std::runtime_error(reason.data());
    check(rd_kafka_init_transactions(rk_.get(), kTimeout));
  }

 protected:
  void consume(Batch& batch) override {
    check(rd_kafka_begin_transaction(rk_.get()));
    for (const Message& message : batch) {
      const std::string payload =
          std::to_string(batch.partition().value) + "/" + std::to_string(message.offset().value);
      const rd_kafka_resp_err_t sent =
          rd_kafka_producev(rk_.get(), RD_KAFKA_V_TOPIC(out_.c_str()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                            RD_KAFKA_V_VALUE(const_cast<char*>(payload.data()), payload.size()), RD_KAFKA_V_END);
      if (sent != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(rd_kafka_err2str(sent));
    }
    check(rd_kafka_commit_transaction(rk_.get(), kTimeout));
  }

 private:
  static constexpr int kTimeout = 30'000;  // ms
  struct Destroy {
    void operator()(rd_kafka_t* rk) const noexcept { rd_kafka_destroy(rk); }
  };
  static void set(rd_kafka_conf_t* conf, const char* name, const std::string& value) {
    std::array<char, 256> reason{};
    if (rd_kafka_conf_set(conf, name, value.c_str(), reason.data(), reason.size()) != RD_KAFKA_CONF_OK) {
      throw std::runtime_error(reason.data());
    }
  }
  static void check(rd_kafka_error_t* error) {
    if (error == nullptr) return;
    const std::string text = rd_kafka_error_string(error);
    rd_kafka_error_destroy(error);
    throw std::runtime_error(text);
  }

  const std::string out_;
  std::unique_ptr<rd_kafka_t, Destroy> rk_;
};

}  // namespace braid::integration
