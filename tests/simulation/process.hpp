#pragma once

#include "engine/instrumentation/counters.hpp"
#include "engine/listener/listener.hpp"
#include "engine/listener/mailbox.hpp"
#include "engine/worker/partition_jobs.hpp"
#include "simulation/callback_library.hpp"
#include "simulation/fake_client.hpp"
#include "simulation/fake_kafka.hpp"
#include "simulation/fake_letters.hpp"
#include "simulation/fake_records.hpp"
#include "simulation/fake_store.hpp"
#include "simulation/fake_transactions.hpp"
#include "simulation/simulated_consumer.hpp"
#include "simulation/stepped_pool.hpp"
#include "simulation/world.hpp"

#include <braid/routing/routes.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace braid::simulation {

struct TopicPlan {
  std::string name;
  std::int32_t partitions = 1;
  std::uint32_t max_messages = 1;
  std::uint32_t max_partitions = 1;
  std::chrono::milliseconds max_wait{};
  routing::InitialOffset initial_offset = routing::InitialOffset::earliest;
  routing::Flow flow = routing::Flow::batch;
  std::uint32_t max_queued = 1;
  std::uint32_t max_open_offsets = 1;
  std::size_t max_bytes = 1;
  std::optional<std::uint32_t> max_concurrency;
  std::uint32_t max_window = 16 * 1024 * 1024;
  routing::Reducer::Kind reducer = routing::Reducer::Kind::hash;
  routing::Offsets offsets = routing::Offsets::automatic;
  std::optional<std::chrono::milliseconds> ticket_timeout;
  routing::OnTicketTimeout on_ticket_timeout = routing::OnTicketTimeout::stop;
  std::optional<std::chrono::milliseconds> tick_every;
  bool end_of_partition = false;
  routing::Commit commit;
  std::optional<std::uint32_t> transaction_batches;  // exactly once
  std::chrono::milliseconds transaction_interval{};
  Promises promises;
};

struct ProcessPlan {
  std::uint32_t connections = 1;
  std::uint32_t workers = 1;
  std::size_t queue_limit = 1;
  engine::Duration commit_interval{};
  engine::Duration drain_on_revoke{};
  engine::Duration max_processing_time = std::chrono::hours(24);
  std::size_t max_bytes_in_flight = 1;
  std::size_t commit_metadata_bytes = 4'095;
  std::vector<TopicPlan> topics;
  Manners manners;
};

// One application, as the runtime would put it together: real listeners, each a task of its own, over one pool.
// Thread: one.
class Process final : private engine::ListenerHost, private engine::Log {
 public:
  Process(World& world, FakeKafka& kafka, int number, const ProcessPlan& plan);
  ~Process() override;

  // A thread of the user's marks something, or there is nothing to mark.
  void flush_one();
  // A dead letter arrives, or does not; false: none is on its way.
  bool step_letters() { return letters_->step(); }
  // The same of what consumers have produced.
  bool step_records() { return records_->step(); }
  // A thread of the user's pauses, resumes or seeks some partition.
  void steer_one();
  void stop(engine::Duration within);
  // Dies on the spot: the group is not told, nothing that it does from here on counts. Its remains are cleared
  // away.
  void crash();

  [[nodiscard]] int number() const { return number_; }
  // A failure is to end it.
  [[nodiscard]] bool wants_stop() const { return wants_stop_ && alive(); }
  [[nodiscard]] bool alive() const { return !stop_by_ && !consumers_.dead; }
  // All is back. What tickets are open then is settled behind the end of the pool.
  [[nodiscard]] bool over();
  void bury();  // requires over()
  [[nodiscard]] SteppedPool& pool() { return *pool_; }
  // When one of its tasks goes on by time alone.
  [[nodiscard]] const engine::Counters& counters() const { return *counters_; }
  [[nodiscard]] bool in_rebalance() const;

 private:
  class TaskNotifier final : public engine::Notifier {
   public:
    explicit TaskNotifier(World& world) : world_(world) {}
    void notify() noexcept override {
      if (task != nullptr) task->notified = true;
      world_.preempt();
    }
    Task* task = nullptr;

   private:
    World& world_;
  };
  class Connection;

  void handle_fatal(const Error& error) override;
  [[nodiscard]] static routing::Decision ask_strategy(const TopicRecovery& recovery, const Failure& failure);
  void set_recovery(routing::Topic& route, const TopicRecovery& recovery) const;
  [[nodiscard]] bool enabled(engine::LogLevel level) const override;
  void write(engine::LogLevel level, std::string_view area, std::string_view text) override;

  World& world_;
  FakeKafka& kafka_;
  int number_;
  ConsumerSetting consumers_;
  CallbackLibrary library_;
  SteppedStore store_;
  std::shared_ptr<FakeTransactions> transactions_;
  std::shared_ptr<FakeLetters> letters_;
  std::shared_ptr<FakeRecords> records_;
  std::shared_ptr<const engine::RecoveryTools> recovery_;
  bool pool_ended_ = false;
  bool wants_stop_ = false;
  bool made_none_ = false;  // a consumer could not be made, of a topic whose failures end it
  std::shared_ptr<SteppedPool> pool_;
  std::shared_ptr<engine::PartitionJobsTable> jobs_;
  std::shared_ptr<engine::Limits> limits_;
  std::shared_ptr<engine::Counters> counters_;
  std::shared_ptr<routing::Routes> routes_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::optional<engine::Time> stop_by_;
};

}  // namespace braid::simulation
