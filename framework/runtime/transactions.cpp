#include "runtime/transactions.hpp"

#include "adapters/librdkafka/rdkafka_transactional_client.hpp"
#include "engine/transactions/told_transactional_client.hpp"
#include "runtime/make_producer.hpp"
#include "runtime/producer_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <set>
#include <stdexcept>
#include <string_view>
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

constexpr const char* kServers = "bootstrap.servers";

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const std::size_t from = text.find_first_not_of(kBlanks);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kBlanks) - from + 1);
}

std::set<std::string_view> addresses(std::string_view servers) {
  std::set<std::string_view> all;
  while (!servers.empty()) {
    const std::size_t end = std::min(servers.find(','), servers.size());
    if (const auto each = trimmed(servers.substr(0, end)); !each.empty()) all.insert(each);
    servers.remove_prefix(std::min(end + 1, servers.size()));
  }
  return all;
}

// Two lists may name different nodes of one cluster, which nobody can see here: one address in both will do.
bool may_be_one_cluster(std::string_view one, std::string_view other) {
  const auto of_one = addresses(one);
  const auto of_other = addresses(other);
  return std::ranges::any_of(of_one, [&](std::string_view each) { return of_other.contains(each); });
}

// A transaction is of one cluster: what is sent, and the positions behind what was read.
void check_clusters(const Settings& settings, const routing::Routes& routes, std::vector<std::string>& problems) {
  const auto value_of = [](const auto& from, const std::string& otherwise) {
    const auto found = from.find(kServers);
    return found == from.end() ? otherwise : found->second;
  };
  const std::string consumers = value_of(settings.kafka, {});
  const std::string producers = value_of(record_settings(settings), {});
  for (const auto& group : routes.consumer_groups) {
    for (const auto& subscription_group : group.subscription_groups) {
      const std::string own = value_of(routing::client_settings(subscription_group), consumers);
      if (own.empty() || producers.empty() || may_be_one_cluster(own, producers)) continue;
      for (const auto& topic : subscription_group.topics) {
        if (topic.delivery != routing::Delivery::exactly_once) continue;
        problems.push_back(fmt::format(
            "topic {} of group {} is delivery: exactly_once and read from {}, but what its consumers send goes to "
            "{}: "
            "a transaction is of one cluster. Read and send at one, or leave exactly_once; where both are one "
            "cluster, let the two settings of bootstrap.servers have an address in common",
            topic.name, group.id, own, producers));
      }
    }
  }
}

}  // namespace

void check_transactions(const Settings& settings, const routing::Routes& routes,
                        std::vector<std::string>& problems) {
  check_clusters(settings, routes, problems);
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
  using Made = Result<std::unique_ptr<engine::TransactionalClient>>;
  auto make = [&log, id, client_id = settings.client_id + "-transactions", kafka = record_settings(settings),
               hub = hub_of(settings.monitor)](std::uint32_t number) -> Made {
    const std::string own_id = fmt::format("{}-{}", id, number);
    auto client = adapters::make_transactional_client(
        {.log = log, .client_id = client_id, .transactional_id = own_id, .settings = kafka});
    if (!client) return client;
    return engine::told(std::move(client).value(), own_id, hub);
  };
  auto first = make(0);
  if (!first) throw std::invalid_argument("transactions: " + first.error().text());
  return std::make_shared<engine::TransactionalProducers>(std::move(first).value(), std::move(make),
                                                          std::move(keeps));
}

}  // namespace braid::runtime
