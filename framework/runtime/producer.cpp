#include "adapters/librdkafka/rdkafka_producer_client.hpp"
#include "adapters/log/spdlog_log.hpp"
#include "engine/producer/producer_engine.hpp"

#include <braid/application.hpp>
#include <braid/producer.hpp>

#include <utility>

namespace braid {

class Producer::Impl {
 public:
  explicit Impl(const ProducerSettings& settings)
      : log_(std::make_shared<adapters::SpdlogLog>(static_cast<engine::LogLevel>(settings.log_level))),
        close_timeout_(settings.close_timeout) {
    auto client = adapters::make_producer_client(
        {.log = *log_,
         .client_id = settings.client_id,
         .settings = std::map<std::string, std::string>(settings.kafka.begin(), settings.kafka.end())});
    if (!client) throw std::invalid_argument("producer: " + client.error().text());
    auto owned = std::move(client).value();
    if (const auto reached = owned->reach_broker(settings.connect_timeout); !reached) {
      throw ApplicationError("producer: " + reached.error().text());
    }
    engine_ = std::make_unique<engine::ProducerEngine>("braid-p-0", std::move(owned), log_);
  }
  ~Impl() {
    if (engine_) engine_->close(close_timeout_);
  }

  engine::ProducerEngine& engine() { return *engine_; }

 private:
  std::shared_ptr<adapters::SpdlogLog> log_;
  std::chrono::milliseconds close_timeout_;
  std::unique_ptr<engine::ProducerEngine> engine_;
};

Producer::Producer(ProducerSettings settings) : impl_(std::make_unique<Impl>(settings)) {}
Producer::~Producer() = default;

Result<void> Producer::send(const Record& record, OnDelivery on_delivery) {
  return impl_->engine().send(record, std::move(on_delivery));
}
Result<void> Producer::flush(std::chrono::milliseconds deadline) {
  return impl_->engine().flush(deadline);
}
std::uint64_t Producer::outstanding() const {
  return impl_->engine().outstanding();
}

}  // namespace braid
