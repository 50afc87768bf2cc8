#pragma once

#include "engine/listener/listener.hpp"
#include "engine/store/store_thread.hpp"
#include "runtime/connections/connection.hpp"
#include "runtime/inspection.hpp"
#include "runtime/node.hpp"
#include "runtime/recovery.hpp"

#include <braid/settings.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace braid::runtime {

// The settings of a connection's client: the application's under those of the routes, with a group.instance.id of
// its own (group_instance_id_of()).
[[nodiscard]] std::map<std::string, std::string> client_settings(const Settings& settings, const Node& node,
                                                                 const ConnectionPlace& place);

// Makes connections of librdkafka's clients and listeners.
// Thread: the supervisor's, once the parts are complete.
class ListenerConnections final : public ConnectionFactory {
 public:
  struct Parts {
    Settings settings;
    Node node{};
    std::uint32_t default_max_partitions = 64;
    std::shared_ptr<void> keeps;  // whatever the pointers below point to
    engine::Clock* clock = nullptr;
    engine::Log* log = nullptr;
    engine::ListenerHost* host = nullptr;
    Inspection* inspection = nullptr;
    std::shared_ptr<engine::JobPool> pool;
    std::shared_ptr<engine::PartitionJobsTable> jobs;
    std::shared_ptr<engine::Limits> limits;
    std::shared_ptr<engine::Counters> counters;
    std::shared_ptr<engine::BalanceTable> balances;
    std::shared_ptr<const routing::Routes> routes;
    std::shared_ptr<const engine::RecoveryTools> recovery;
    // Of all that routes name. These may follow after the first clients are made.
    std::map<const OffsetStore*, std::shared_ptr<engine::StoreThread>> stores;
    std::shared_ptr<const LetterProducers> letters;  // null: nobody sends any
    std::shared_ptr<engine::TransactionalSlots> transactions;
  };

  explicit ListenerConnections(Parts parts) : parts_(std::make_shared<Parts>(std::move(parts))) {}
  [[nodiscard]] Parts& parts() { return *parts_; }

  Result<std::unique_ptr<Connection>> make(const ConnectionPlace& place,
                                           std::shared_ptr<engine::Notifier> changed) override;

 private:
  std::shared_ptr<Parts> parts_;  // of the connections too
};

}  // namespace braid::runtime
