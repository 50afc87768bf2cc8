#include "runtime/transactions.hpp"

#include "adapters/librdkafka/rdkafka_transactional_client.hpp"
#include "runtime/producer_settings.hpp"

#include <fmt/format.h>

#include <optional>
#include <stdexcept>
#include <utility>

namespace braid::runtime {

namespace {

std::optional<std::string> first_exactly_once(const routing::Routes& routes) {
  for (const auto& group : routes.consumer_groups) {
    for (const auto& subscription_group : group.subscription_groups) {
      for (const auto& topic : subscription_group.topics) {
        if (topic.delivery == routing::Delivery::exactly_once) return topic.name;
      }
    }
  }
  return std::nullopt;
}

}  // namespace

void check_transactions(const Settings& settings, const routing::Routes& routes,
                        std::vector<std::string>& problems) {
  const auto topic = first_exactly_once(routes);
  if (!topic || !settings.transactional_id.empty()) return;
  problems.push_back(fmt::format(
      "transactional_id is missing: topic {} is delivery: exactly_once; set one that no other process has, "
      "e.g. the name of the service and of its instance",
      *topic));
}

std::shared_ptr<engine::TransactionalProducers> make_transactional_producers(const Settings& settings,
                                                                             const Node& node,
                                                                             const routing::Routes& routes,
                                                                             std::shared_ptr<const void> keeps,
                                                                             engine::Log& log) {
  if (!first_exactly_once(routes)) return nullptr;
  const std::string id = client_id_of(node, settings.transactional_id);
  auto make = [&log, id, client_id = settings.client_id + "-transactions",
               kafka = record_settings(settings)](std::uint32_t number) {
    return adapters::make_transactional_client({.log = log,
                                                .client_id = client_id,
                                                .transactional_id = fmt::format("{}-{}", id, number),
                                                .settings = kafka});
  };
  auto first = make(0);
  if (!first) throw std::invalid_argument("transactions: " + first.error().text());
  return std::make_shared<engine::TransactionalProducers>(std::move(first).value(), std::move(make),
                                                          std::move(keeps));
}

}  // namespace braid::runtime
