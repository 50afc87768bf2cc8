#include "simulation/process.hpp"

#include "simulation/simulated_filter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <utility>

namespace braid::simulation {

namespace {

constexpr auto kStopEnds = "a stop ends by its deadline";

}  // namespace

// A listener and what drives it; and the next one, where its client has failed.
class Process::Connection final : private engine::Waiter {
 public:
  Connection(Process& process, int number, const ProcessPlan& plan)
      : process_(process), number_(number), plan_(plan), notifier_(std::make_shared<TaskNotifier>(process.world_)) {
    make();
    notifier_->task = &process.world_.start_task(process.number_, [this] { run(); });
  }

  void stop(engine::Time by) {
    if (ended_) return;
    stop_by_ = stop_by_ ? std::min(*stop_by_, by) : by;
    if (client_ == nullptr) {
      notifier_->notify();
      return;
    }
    client_->expect_stop();
    auto command = std::make_unique<engine::Command>();
    command->deadline = by;
    mailbox_->post_command(std::move(command));
  }
  void crash() {
    if (client_ != nullptr) client_->die();
  }
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] bool in_rebalance() const { return client_ != nullptr && client_->in_handler(); }

 private:
  void make() {
    Process& process = process_;
    mailbox_ = std::make_shared<engine::Mailbox>(notifier_);
    auto client = std::make_unique<FakeConsumerClient>(process.world_, process.kafka_, process.number_, number_);
    client_ = client.get();
    const routing::ConsumerGroup& group = process.routes_->consumer_groups.front();
    listener_ = std::make_unique<engine::Listener>(
        engine::Listener::Settings{.commit_interval = plan_.commit_interval,
                                   .drain_on_revoke = plan_.drain_on_revoke,
                                   .default_max_partitions = 4,
                                   .commit_metadata_bytes = plan_.commit_metadata_bytes,
                                   .max_processing_time = plan_.max_processing_time},
        engine::Listener::Parts{
            .client = std::move(client),
            .mailbox = mailbox_,
            .pool = process.pool_,
            .jobs = process.jobs_,
            .limits = process.limits_,
            .counters = process.counters_,
            .routes = process.routes_,
            .group = &group,
            .subscription_group = &group.subscription_groups.front(),
            .clock = &process.world_.clock,
            .waiter = this,
            .log = &process,
            .host = &process,
            .stores = {{process.store_.store().get(), process.store_.calls_of(*client_)}},
            .transactions = process.transactions_,
            .letters = process.letters_,
            .recovery = process.recovery_,
        });
  }

  void run() {
    World& world = process_.world_;
    while (run_one() && !stop_by_) {
      world.wait(world.clock.now() + std::chrono::milliseconds(world.random.between(0, 3000)), true);
      if (stop_by_) break;
      make();
      world.happened(Happening::connection_restarted);
    }
    notifier_->task = nullptr;
    ended_ = true;
  }

  // True: its client has failed.
  bool run_one() {
    World& world = process_.world_;
    if (!listener_->connect()) world.fail("a connection connects", "it did not");
    for (;;) {
      const bool overdue = stop_by_ && world.clock.now() >= *stop_by_;
      listener_->turn();
      if (listener_->finished()) break;
      if (overdue)
        world.fail(kStopEnds,
                   fmt::format("process {}: a turn behind the deadline left it going", process_.number_));
      wait_until(listener_->wakes_at());
    }
    if (!listener_->left_behind().empty() && !process_.consumers_.dead) {
      world.happened(Happening::stop_left_something);
    }
    const bool failed = listener_->failure().has_value();
    client_ = nullptr;
    listener_.reset();
    return failed;
  }

  void wait_until(engine::Time until) override {
    World& world = process_.world_;
    client_->listener_waits();
    if (until > world.clock.now() && !notifier_->task->notified) client_->listener_sleeps();
    // Once may be: the command came between its last look and this.
    if (stop_by_ && world.clock.now() > *stop_by_ && ++overdue_waits_ > 2) {
      world.fail(kStopEnds, fmt::format("process {}: it still waits", process_.number_));
    }
    world.wait(until, true);
  }

  Process& process_;
  const int number_;
  const ProcessPlan plan_;
  std::shared_ptr<TaskNotifier> notifier_;
  std::shared_ptr<engine::Mailbox> mailbox_;
  FakeConsumerClient* client_ = nullptr;  // the listener's; none while it waits for its next one
  std::unique_ptr<engine::Listener> listener_;
  std::optional<engine::Time> stop_by_;
  int overdue_waits_ = 0;
  bool ended_ = false;
};

Process::Process(World& world, FakeKafka& kafka, int number, const ProcessPlan& plan)
    : world_(world),
      kafka_(kafka),
      number_(number),
      consumers_{.world = &world, .kafka = &kafka, .process = number, .manners = plan.manners},
      library_(consumers_),
      store_(world, number, std::make_shared<FakeOffsetStore>(world, kafka)),
      transactions_(std::make_shared<FakeTransactions>(consumers_)),
      letters_(std::make_shared<FakeLetters>(consumers_)),
      records_(std::make_shared<FakeRecords>(consumers_)),
      recovery_(std::make_shared<engine::RecoveryTools>(engine::RecoveryTools{
          .now = [this] { return world_.clock.now(); },
          .wall = [this] { return world_.clock.wall(); },
          .random = [this] { return static_cast<double>(world_.random.below(1001)) / 1000; },
          .warn = [this](std::string_view text) { write(engine::LogLevel::warning, "recovery", text); },
          .records = records_})),
      pool_(std::make_shared<SteppedPool>(world, number, plan.workers, plan.queue_limit)),
      jobs_(std::make_shared<engine::PartitionJobsTable>()),
      limits_(std::make_shared<engine::Limits>(plan.max_bytes_in_flight)),
      counters_(std::make_shared<engine::Counters>()),
      routes_(std::make_shared<routing::Routes>()) {
  consumers_.limits = limits_.get();
  consumers_.library = &library_;
  kafka_.notices[number_] = [this] { library_.notice_given_up(); };
  routing::SubscriptionGroup subscription{.id = "subscription"};
  for (const TopicPlan& topic : plan.topics) {
    routing::Topic route;
    route.name = topic.name;
    route.consumer_name = "SimulatedConsumer";
    route.consumer = [this, promises = topic.promises]() -> std::unique_ptr<Consumer> {
      world_.current()->was_in_user_code = true;
      const bool fails =
          !world_.calm && !promises.at_most_once && world_.random.chance(consumers_.manners.factory_fails);
      if (fails) {
        // Before anybody has a message; but what is not worth a retry may be the end.
        made_none_ = made_none_ || promises.recovery.on_exhausted == routing::OnExhausted::stop;
        throw 7;
      }
      return std::make_unique<SimulatedConsumer>(consumers_, promises);
    };
    route.max_messages = topic.max_messages;
    route.max_wait = topic.max_wait;
    route.virtual_partitions.max_partitions = topic.max_partitions;
    set_recovery(route, topic.promises.recovery);
    route.initial_offset = topic.initial_offset;
    route.flow = topic.flow;
    route.max_queued = topic.max_queued;
    route.max_open_offsets = topic.max_open_offsets;
    route.max_bytes = topic.max_bytes;
    route.max_concurrency = topic.max_concurrency;
    route.max_window = topic.max_window;
    route.virtual_partitions.reducer.kind = topic.reducer;
    route.offsets = topic.offsets;
    route.ticket_timeout = topic.ticket_timeout;
    route.on_ticket_timeout = topic.on_ticket_timeout;
    route.tick_every = topic.tick_every;
    route.end_of_partition = topic.end_of_partition;
    route.commit = topic.commit;
    if (topic.promises.exactly_once) {
      route.delivery = routing::Delivery::exactly_once;
      route.transaction_batches = topic.transaction_batches;
      route.transaction_interval = topic.transaction_interval;
    }
    if (topic.promises.filtered) {
      route.filters.push_back({.name = "SimulatedFilter", .factory = [this, promises = topic.promises] {
                                 return std::make_unique<SimulatedFilter>(consumers_, promises);
                               }});
    }
    if (topic.promises.external) route.offset_store = store_.store();
    subscription.topics.push_back(std::move(route));
  }
  routing::ConsumerGroup group{.id = "group"};
  group.subscription_groups.push_back(std::move(subscription));
  routes_->consumer_groups.push_back(std::move(group));
  for (std::uint32_t i = 0; i < plan.connections; ++i) {
    connections_.push_back(std::make_unique<Connection>(*this, static_cast<int>(i), plan));
  }
  world_.happened(Happening::process_started);
  world_.trace("process starts, {} connections, {} workers", number_ * 10, -1,
               static_cast<std::int64_t>(plan.connections), static_cast<std::int64_t>(plan.workers));
}

Process::~Process() {
  kafka_.notices.erase(number_);
}

// It is asked where the attempt ended, and says the same whenever it is asked about the same.
routing::Decision Process::ask_strategy(const TopicRecovery& recovery, const Failure& failure) {
  const FakeDelivery& delivery = delivery_of(failure.message);
  const auto said = strategy_says(recovery, delivery.incarnation->partition, delivery.offset, failure.attempt);
  if (!said) throw std::runtime_error("a strategy failed");
  return *said;
}

void Process::set_recovery(routing::Topic& route, const TopicRecovery& recovery) const {
  route.retries.max = recovery.max;
  route.retries.backoff = recovery.backoff;
  if (recovery.retry_if) {
    route.retries.retry_if = [](const std::exception_ptr& failure) {
      try {
        std::rethrow_exception(failure);
      } catch (const std::exception&) {
        return true;
      } catch (...) {
        return false;
      }
    };
  }
  route.on_exhausted = recovery.on_exhausted;
  route.max_parked = recovery.max_parked;
  route.dead_letters.to = recovery.letters;
  if (recovery.collapses) route.on_failure = routing::OnFailure::collapse;
  if (recovery.letters == routing::DeadLetters::To::topic) route.dead_letters.topic = "dead-letters";
  if (recovery.topic_of) {
    route.dead_letters.to = routing::DeadLetters::To::function;
    route.dead_letters.topic_of = [&world = world_](const Message&) -> std::string {
      if (world.calm || !world.random.chance(200)) return "dead-letters";
      world.happened(Happening::letter_unaddressed);
      if (world.random.chance(500)) return "";
      throw std::runtime_error("nobody knows where it goes");
    };
  }
  if (recovery.on_letter) {
    route.dead_letters.on_dead_letter = [&world = world_](DeadLetter& letter) {
      world.happened(Happening::letter_seen);
      letter.headers.emplace_back("seen", "yes");
      if (!world.calm && world.random.chance(200)) throw std::runtime_error("a hook of letters failed");
    };
  }
  if (recovery.strategy) {
    route.dead_letters.strategy = [recovery](const Failure& failure) { return ask_strategy(recovery, failure); };
  }
}

void Process::flush_one() {
  const auto& consumers = consumers_.consumers;
  const std::size_t from = consumers.empty() ? 0 : world_.random.below(consumers.size());
  for (std::size_t i = 0; i < consumers.size(); ++i) {
    if (consumers[(from + i) % consumers.size()]->flush()) return;
  }
}

void Process::steer_one() {
  auto& steered = consumers_.steered;
  std::erase_if(steered, [](const auto& each) { return each.expired(); });
  if (steered.empty() || consumers_.dead) return;
  const std::shared_ptr<SteeredPartition> one = world_.random.one_of(steered).lock();
  if (world_.calm) {
    one->resume();
  } else {
    world_.happened(Happening::steered_from_outside);
    const FakePartition& partition = kafka_.partition(one->partition());
    const auto current = partition.current.lock();
    one->do_anything(partition.log, current ? current->highest_taken : 0);
  }
}

void Process::stop(engine::Duration within) {
  if (in_rebalance()) world_.happened(Happening::process_stopped_in_rebalance);
  world_.happened(Happening::process_stopped);
  world_.trace("process is stopped, within {} us", number_ * 10, -1,
               std::chrono::duration_cast<std::chrono::microseconds>(within).count());
  consumers_.stopping = true;
  stop_by_ = world_.clock.now() + within;
  for (const auto& connection : connections_) connection->stop(*stop_by_);
}

void Process::crash() {
  world_.happened(Happening::process_crashed);
  world_.trace("process crashes", number_ * 10);
  letters_->die();
  records_->die();
  transactions_->die();
  consumers_.dead = true;
  for (const auto& connection : connections_) connection->crash();
  stop_by_ = world_.clock.now();
  for (const auto& connection : connections_) connection->stop(*stop_by_);
}

bool Process::over() {
  const bool back = pool_->quiet() && std::all_of(connections_.begin(), connections_.end(),
                                                  [](const auto& connection) { return connection->ended(); });
  if (!back) return false;
  if (records_->close()) return false;  // what that ends may have more to run
  if (!std::exchange(pool_ended_, true)) {
    pool_->end();
    library_.close();
    store_.close();
    transactions_->close();
  }
  return library_.over() && store_.over() && transactions_->over();
}

bool Process::in_rebalance() const {
  return std::any_of(connections_.begin(), connections_.end(),
                     [](const auto& connection) { return connection->in_rebalance(); });
}

void Process::bury() {
  world_.trace("process is over", number_ * 10);
  const auto of = [](const engine::Counters::Count& count) { return count.load(std::memory_order_relaxed); };
  world_.happened(Happening::stale_message, of(counters_->messages_stale));
  world_.happened(Happening::message_done_before, of(counters_->messages_done_before));
  world_.happened(Happening::offset_jump, of(counters_->offset_jumps));
  world_.happened(Happening::batch_armed, of(counters_->batches_armed));
  world_.happened(Happening::batch_taken_back, of(counters_->batches_taken_back));
  world_.happened(Happening::batch_armed_too_late, of(counters_->batches_armed_too_late));
  world_.happened(Happening::job_armed_too_late, of(counters_->jobs_armed_too_late));
  world_.happened(Happening::message_dropped, of(counters_->messages_dropped));
  for (const auto& [process, owner] : kafka_.owners) {
    if (process == number_ && !owner.expired()) world_.fail("messages are freed", "somebody still holds them");
  }
  std::erase_if(kafka_.owners, [&](const auto& each) { return each.first == number_; });
  if (limits_->bytes().held() > 0) {
    world_.fail("bytes are given back",
                fmt::format("process {}: {} are still held", number_, limits_->bytes().held()));
  }
}

void Process::handle_fatal(const Error& error) {
  if (consumers_.dead) return;
  library_.notice_given_up();  // it may be an overdue ticket's, which nobody has looked at since
  const bool due = std::ranges::any_of(consumers_.incarnations, [](const auto& each) {
    const auto incarnation = each.second.lock();
    return incarnation && incarnation->stop_due;
  });
  if (!due && !made_none_) world_.fail("no fatal error", error.text());
  world_.happened(Happening::stop_demanded);
  wants_stop_ = true;
}

bool Process::enabled(engine::LogLevel) const {
  return tracing();
}

void Process::write(engine::LogLevel, std::string_view area, std::string_view text) {
  if (tracing())
    std::fprintf(stderr, "       p%d %.*s: %.*s\n", number_, static_cast<int>(area.size()), area.data(),
                 static_cast<int>(text.size()), text.data());
}

}  // namespace braid::simulation
