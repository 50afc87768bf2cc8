#include "runtime/make_transactional_producer.hpp"

#include "adapters/librdkafka/rdkafka_transactional_client.hpp"
#include "core/producer/variant_rules.hpp"
#include "engine/transactions/told_transactional_client.hpp"
#include "runtime/configured_log.hpp"
#include "runtime/make_producer.hpp"

#include <braid/application.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>

namespace braid::runtime {

namespace {

using Engine = std::shared_ptr<engine::TransactionalEngine>;

constexpr std::size_t kKafkasTransactionTimeout = 60'000;  // ms: librdkafka's default
constexpr std::size_t kPoolMost = 1000;

std::shared_ptr<engine::Log> log_of(const TransactionalProducerSettings& settings) {
  return std::make_shared<ConfiguredLog>(settings.log_level, settings.log);
}

// Who makes it may wait for brokers. A client that waits in vain is told so in words that name them.
Result<Engine> make(const TransactionalProducerSettings& settings, const std::string& id,
                    const std::shared_ptr<engine::Log>& log) {
  const std::chrono::milliseconds timeout(
      number_of(settings.kafka, "transaction.timeout.ms", kKafkasTransactionTimeout));
  const bool connects = settings.connect_timeout.count() > 0;
  auto client = adapters::make_transactional_client(
      {.log = *log,
       .client_id = settings.client_id,
       .transactional_id = id,
       .settings = with_queue_of(settings.kafka, settings.max_queued, settings.max_queued_bytes),
       .patience = connects ? settings.connect_timeout : timeout,
       .patience_for_room = settings.max_wait_for_room});
  if (!client) return client.error();
  auto made = std::make_shared<engine::TransactionalEngine>(
      engine::told(std::move(client).value(), id, hub_of(settings.monitor)), log,
      engine::RecordChain::Rules{.max_payload_size = max_payload_of(settings.max_payload_size, settings.kafka),
                                 .middleware = settings.middleware,
                                 .interceptors = settings.interceptors},
      engine::TransactionalEngine::Options{.id = id,
                                           .transaction_timeout = timeout,
                                           .max_wait_for_turn = settings.max_wait_for_turn,
                                           .max_attempts = settings.max_attempts,
                                           .attempt_pause = settings.attempt_pause});
  if (!connects) return made;
  const auto ready = made->connect();
  if (ready) return made;
  const Error& error = ready.error();
  if (error.kind() != Error::Kind::timed_out) return error;
  return Error(Error::Kind::broker_unreachable,
               fmt::format("{}, after {} ms; check bootstrap.servers and that the brokers run", error.text(),
                           settings.connect_timeout.count()),
               true);
}

Engine made_or_thrown(Result<Engine> made) {
  if (made) return std::move(made).value();
  const std::string text = "transactional producer: " + made.error().text();
  if (made.error().kind() == Error::Kind::invalid_setting) throw std::invalid_argument(text);
  throw ApplicationError(text);
}

void check(const TransactionalProducerSettings& settings) {
  auto problems = core::find_contradictions(settings);
  check_log(settings.log, problems);
  if (problems.empty()) return;
  throw std::invalid_argument(fmt::format("transactional producer: {}", fmt::join(problems, "\n")));
}

}  // namespace

Engine make_transactional_producer(const TransactionalProducerSettings& settings) {
  check(settings);
  return made_or_thrown(make(settings, settings.transactional_id, log_of(settings)));
}

std::shared_ptr<engine::TransactionalPool> make_transactional_pool(const TransactionalProducerSettings& settings,
                                                                   std::size_t size) {
  check(settings);
  if (size < 1 || size > kPoolMost) {
    throw std::invalid_argument(
        fmt::format("transactional producers: a pool has 1 to {} of them, not {}", kPoolMost, size));
  }
  const auto log = log_of(settings);
  auto make_one = [settings, log](std::uint32_t number) {
    return make(settings, fmt::format("{}-{}", settings.transactional_id, number), log);
  };
  auto first = made_or_thrown(make_one(0));
  return std::make_shared<engine::TransactionalPool>(
      std::move(first), std::move(make_one), log,
      engine::TransactionalPool::Options{
          .id = settings.transactional_id, .size = size, .max_wait_for_turn = settings.max_wait_for_turn});
}

}  // namespace braid::runtime
