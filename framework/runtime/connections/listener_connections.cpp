#include "runtime/connections/listener_connections.hpp"

#include "adapters/librdkafka/rdkafka_consumer_client.hpp"
#include "runtime/check_settings.hpp"
#include "runtime/statistics.hpp"

#include <fmt/format.h>

#include <functional>
#include <utility>

namespace braid::runtime {

namespace {

// Thread: the supervisor's.
class ListenerConnection final : public Connection {
 public:
  ListenerConnection(std::shared_ptr<ListenerConnections::Parts> parts, const ConnectionPlace& place,
                     std::unique_ptr<engine::ConsumerClient> client, std::shared_ptr<engine::Notifier> changed)
      : parts_(std::move(parts)),
        place_(place),
        name_(fmt::format("braid-l-{}", place_.of_all)),
        client_(std::move(client)),
        changed_(std::move(changed)) {}
  ~ListenerConnection() override {
    if (thread_) parts_->inspection->remove(name_);
  }
  ListenerConnection(const ListenerConnection&) = delete;
  ListenerConnection& operator=(const ListenerConnection&) = delete;

  void start() override {
    auto make = [this](std::shared_ptr<engine::Mailbox> mailbox, engine::Waiter& waiter) {
      return make_listener(std::move(mailbox), waiter);
    };
    thread_ = std::make_unique<engine::ListenerThread>(name_, make, parts_->keeps, changed_);
    // Before it runs: where the application is quiet, it hears of that before it is given anything.
    parts_->inspection->add({name_, thread_->mailbox(), facts_});
    thread_->start(parts_->settings.connect_timeout);
  }
  [[nodiscard]] State state() const override { return thread_->state(); }
  [[nodiscard]] std::optional<Error> failure() const override { return thread_->failure(); }
  [[nodiscard]] bool has_run() const override { return thread_->has_run(); }
  [[nodiscard]] std::function<bool()> goes_on() const override { return thread_->goes_on(); }
  [[nodiscard]] Load load() const override {
    return {gauge_->joined.load(std::memory_order_relaxed), gauge_->partitions.load(std::memory_order_relaxed),
            gauge_->waiting.load(std::memory_order_relaxed)};
  }
  void request(engine::Command::Kind kind, engine::Time deadline, bool at_once) override {
    thread_->request(kind, deadline, at_once);
  }
  engine::LeftBehind join() override { return thread_->join(parts_->clock->now()); }

 private:
  [[nodiscard]] std::unique_ptr<engine::Listener> make_listener(std::shared_ptr<engine::Mailbox> mailbox,
                                                                engine::Waiter& waiter) {
    const Settings& settings = parts_->settings;
    return std::make_unique<engine::Listener>(
        engine::Listener::Settings{
            .commit_interval = settings.commit_interval,
            .drain_on_revoke = drain_of(settings, *place_.subscription_group),
            .default_max_partitions = parts_->default_max_partitions,
            .expected_partitions = settings.expected_partitions,
            .commit_metadata_bytes = settings.commit_metadata_bytes,
            .max_processing_time = longest_poll(settings, *place_.subscription_group),
            .stalled_after = settings.stalled_after,
            .connection = place_.number,
        },
        engine::Listener::Parts{
            .client = std::move(client_),
            .mailbox = std::move(mailbox),
            .pool = parts_->pool,
            .jobs = parts_->jobs,
            .limits = parts_->limits,
            .counters = parts_->counters,
            .balances = parts_->balances,
            .routes = parts_->routes,
            .group = place_.group,
            .subscription_group = place_.subscription_group,
            .clock = parts_->clock,
            .waiter = &waiter,
            .log = parts_->log,
            .host = parts_->host,
            .stores = stores(),
            .transactions = parts_->transactions,
            .letters = parts_->letters ? parts_->letters->of(*place_.subscription_group) : nullptr,
            .recovery = parts_->recovery,
            // Looking is not for nothing, and only a changing number of connections needs it.
            .gauge = place_.subscription_group->connections.dynamic() ? gauge_ : nullptr,
            .facts = facts_,
        });
  }
  [[nodiscard]] std::map<const OffsetStore*, std::shared_ptr<engine::StoreCalls>> stores() const {
    std::map<const OffsetStore*, std::shared_ptr<engine::StoreCalls>> wanted;
    for (const routing::Topic& topic : place_.subscription_group->topics) {
      if (topic.commit.when != routing::Commit::When::external) continue;
      wanted[topic.offset_store.get()] = parts_->stores.at(topic.offset_store.get());
    }
    return wanted;
  }

  const std::shared_ptr<ListenerConnections::Parts> parts_;
  const ConnectionPlace place_;
  const std::string name_;                          // of its thread
  std::unique_ptr<engine::ConsumerClient> client_;  // until start()
  const std::shared_ptr<engine::Notifier> changed_;
  const std::shared_ptr<engine::ConnectionGauge> gauge_ = std::make_shared<engine::ConnectionGauge>();
  const std::shared_ptr<engine::ListenerFacts> facts_ = std::make_shared<engine::ListenerFacts>();
  std::unique_ptr<engine::ListenerThread> thread_;  // from start() on
};

// By what the routes allow at most, so that it is the same whatever number of connections there is now.
MemberPlace member_place(const ConnectionPlace& place) {
  MemberPlace member{.connection = place.number, .only = true};
  std::uint32_t members = 0;
  for (const auto& each : place.group->subscription_groups) {
    if (&each == place.subscription_group) member.connection += members;
    members += each.connections.most();
  }
  member.only = members == 1;
  return member;
}

}  // namespace

std::map<std::string, std::string> client_settings(const Settings& settings, const Node& node,
                                                   const ConnectionPlace& place) {
  std::map<std::string, std::string> merged(settings.kafka.begin(), settings.kafka.end());
  for (const auto& [name, value] : routing::client_settings(*place.subscription_group)) merged[name] = value;
  const auto member = merged.find("group.instance.id");
  const std::string id =
      group_instance_id_of(node, member == merged.end() ? std::string() : member->second, member_place(place));
  if (!id.empty()) merged["group.instance.id"] = id;
  return merged;
}

Result<std::unique_ptr<Connection>> ListenerConnections::make(const ConnectionPlace& place,
                                                              std::shared_ptr<engine::Notifier> changed) {
  const Settings& settings = parts_->settings;
  auto client = adapters::make_consumer_client({
      .log = *parts_->log,
      .group_id = place.group->id,
      .client_id = fmt::format("{}-{}", client_id_of(parts_->node, settings.client_id), place.of_all),
      .settings = client_settings(settings, parts_->node, place),
      .prefetch_bytes_per_partition = settings.prefetch_bytes / settings.expected_partitions,
      .metadata_bytes = settings.commit_metadata_bytes,
      .transport_timeout = settings.transport_timeout,
      .statistics = statistics_for(parts_->counters->events),
  });
  if (!client) return client.error();
  return std::unique_ptr<Connection>(
      std::make_unique<ListenerConnection>(parts_, place, std::move(client).value(), std::move(changed)));
}

}  // namespace braid::runtime
