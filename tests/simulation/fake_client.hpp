#pragma once

#include "engine/ports/consumer_client.hpp"
#include "simulation/fake_kafka.hpp"
#include "simulation/fake_messages.hpp"
#include "simulation/incarnation.hpp"
#include "simulation/steered_partition.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace braid::simulation {

class FakeQueue;

// What a client's calls to an offset store are made for; they may last longer than the client.
struct StoreSide {
  int who = 0;
  bool dead = false;
  std::map<int, engine::StoredPosition> loaded;  // the last answer, by partition, until something begins with it
};

// One partition as its client fetches it.
struct FakeFetch {
  FakePartition* partition = nullptr;
  FakeQueue* queue = nullptr;  // null once closed
  engine::ReadySignal* ready = nullptr;
  std::shared_ptr<FakeMessageOwner> owner;
  std::shared_ptr<SteeredPartition> steered;
  std::shared_ptr<Incarnation> incarnation;  // from assign() on
  bool assigned = false;
  bool taken_from = false;  // take() was called in this incarnation
  enum class Waits : std::uint8_t { no, stored_position, in_range };
  Waits waits = Waits::no;  // for restart_at()
  bool tell_waits = false;
  bool unplaced = false;  // the offset store has not said yet where it begins
  bool tell_end = false;
  std::int64_t end = 0;  // with tell_end: where the log ended then
  bool tell_error = false;
  bool told_end = false;
  bool out_of_log = false;           // where it was sent, or where the group is, was not in the log
  bool was_elsewhere = false;        // found itself behind the log's start though the group is not
  bool signal_owed = false;          // something was left in the queue without saying so
  std::int64_t next = 0;             // to be fetched
  std::int64_t app_position = 0;     // behind what was taken
  std::deque<std::int64_t> fetched;  // waits in the queue
};

// A Kafka client as the port's contract allows it to be at its worst. The scenario moves its network along; nothing
// arrives by itself. Thread: one.
class FakeConsumerClient final : public engine::ConsumerClient {
 public:
  FakeConsumerClient(World& world, FakeKafka& kafka, int process, int connection);
  ~FakeConsumerClient() override;

  Result<void> reach_broker(std::chrono::milliseconds timeout, const std::atomic<bool>& given_up) override;
  Result<void> subscribe(const std::vector<std::string>& topics, engine::ReadySignal& ready) override;
  Result<void> unsubscribe() override;
  void serve_group(engine::ConsumerEvents& events) override;
  void serve_replies(engine::ConsumerEvents& events) override;
  std::unique_ptr<engine::PartitionQueue> open(const engine::TopicPartition& partition,
                                               engine::ReadySignal& ready) override;
  Result<void> assign(std::span<const engine::TopicPartition> partitions) override;
  Result<void> unassign(std::span<const engine::TopicPartition> partitions) override;
  void reposition(std::span<const engine::StoredPosition> retained) override;
  Result<std::optional<CommitPosition>> restart_at(const engine::TopicPartition& partition,
                                                   engine::StartPoint start) override;
  void read_positions(std::span<const engine::TopicPartition> partitions, std::uint64_t token) override;
  [[nodiscard]] bool may_commit() const override;
  void commit(std::span<const engine::StoredPosition> positions, std::uint64_t token) override;
  [[nodiscard]] std::shared_ptr<const engine::GroupMembership> membership() const override;
  void begin_close() override;
  [[nodiscard]] bool closed() const override { return closed_; }

  // --- the scenario's

  // Moves something along: a fetch arrives, the broker handles a request, an answer arrives. False: nothing to do.
  bool step_network();
  // The process has died: nothing comes from it and nothing reaches it any more.
  void die();
  // The client is of no more use from the next time on that it is served; `fenced`: since the group has given its
  // partitions away.
  void fail(bool fenced) { failing_ = fenced ? Failing::fenced : Failing::otherwise; }
  [[nodiscard]] bool dead() const { return dead_; }
  [[nodiscard]] const std::shared_ptr<FakeMember>& member() const { return member_; }
  [[nodiscard]] int who() const { return process_ * 10 + connection_; }
  // The listener waits within a rebalance's handler. Nothing of what is revoked may start from here on.
  void listener_waits();
  // Or sleeps, for a while, with nothing to do: where a consumer has sent it is told by now.
  void listener_sleeps();
  // Its listener was told to stop: what was handed over may still start.
  void expect_stop() { stop_expected_ = true; }
  [[nodiscard]] bool in_handler() const { return handler_ != Handler::none; }

  // --- the offset store's

  [[nodiscard]] const std::shared_ptr<StoreSide>& store_side() const { return store_side_; }
  // What is assigned now, by partition.
  [[nodiscard]] std::map<int, std::shared_ptr<Incarnation>> incarnations() const;

  // --- its queues'

  engine::TakeReport take(FakeFetch& fetch, std::size_t max, std::vector<Message>& out);
  void queue_closed(FakeFetch& fetch);

 private:
  struct Request {
    enum class Kind : std::uint8_t { commit, read } kind;
    std::uint64_t member;
    std::uint64_t token;
    std::vector<engine::StoredPosition> positions;
    std::map<int, std::shared_ptr<Incarnation>> incarnations{};  // of whom a commit tells
    bool handled = false;
    std::optional<Error> error{};
  };
  enum class Handler : std::uint8_t { none, assigned, revoked };

  void revoke(engine::ConsumerEvents& events, const std::vector<int>& partitions, bool lost);
  void hand_assignment(engine::ConsumerEvents& events, const std::vector<int>& partitions);
  void finish_close(engine::ConsumerEvents& events);
  void give_everything_back(engine::ConsumerEvents& events);
  void join();
  void purge_retained(std::span<const engine::TopicPartition> others);
  void begin_incarnation(FakeFetch& fetch, std::int64_t start);
  void end_incarnation(FakeFetch& fetch);
  FakeFetch& fetch_of(const engine::TopicPartition& name, const char* call);
  void fall_back(FakeFetch& fetch);
  bool fetch_more(FakeFetch& fetch);
  void signal(FakeFetch& fetch);
  void handle(Request& request);
  void handle_commit(Request& request);
  void handle_read(Request& request);
  Result<std::optional<CommitPosition>> seek(FakeFetch& fetch, const engine::StartPoint& target);
  void begin_from_store(FakeFetch& fetch, CommitPosition at);
  void learn_done_before(const engine::StoredPosition& stored);
  void flush_commits();
  void wake();

  World& world_;
  FakeKafka& kafka_;
  int process_;
  int connection_;
  std::shared_ptr<StoreSide> store_side_ = std::make_shared<StoreSide>();
  engine::ReadySignal* ready_ = nullptr;
  std::shared_ptr<FakeMember> member_;
  std::map<int, std::unique_ptr<FakeFetch>> fetches_;  // by partition
  std::deque<Request> requests_;                       // on their way, in order
  std::deque<Request> answers_;                        // arrived
  Handler handler_ = Handler::none;
  bool handler_answered_ = false;  // (un)assign() was called
  engine::Time handler_begun_{};
  bool handler_lost_ = false;
  std::vector<int> handled_;  // the partitions that the handler is about
  int waits_unsaid_ = 0;      // in a row, while a position that a consumer asked for could have been committed
  bool commit_failed_ = false;
  bool tell_error_ = false;
  enum class Failing : std::uint8_t { no, otherwise, fenced, told };
  Failing failing_ = Failing::no;
  bool stop_expected_ = false;
  bool closing_ = false;
  bool unsubscribing_ = false;
  bool left_ = false;  // since it unsubscribed
  bool closed_ = false;
  bool dead_ = false;
};

// A partition's queue of a FakeConsumerClient.
class FakeQueue final : public engine::PartitionQueue {
 public:
  FakeQueue(FakeConsumerClient& client, FakeFetch& fetch) : client_(client), fetch_(fetch), owner_(fetch.owner) {}
  ~FakeQueue() override { client_.queue_closed(fetch_); }
  engine::TakeReport take(std::size_t max, std::vector<Message>& out) override {
    return client_.take(fetch_, max, out);
  }
  [[nodiscard]] const std::shared_ptr<engine::MessageOwner>& owner() const override { return owner_; }

 private:
  FakeConsumerClient& client_;
  FakeFetch& fetch_;
  std::shared_ptr<engine::MessageOwner> owner_;
};

}  // namespace braid::simulation
