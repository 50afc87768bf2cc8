#include "simulation/fake_transactions.hpp"

#include "simulation/fake_metadata.hpp"
#include "simulation/note_stored.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string_view>

namespace braid::simulation {

namespace {

constexpr const char* kContract = "the transactional client is used as its contract says";

}  // namespace

class FakeTransactions::Client final : public engine::TransactionalClient {
 public:
  Client(World& world, FakeKafka& kafka) : world_(world), kafka_(kafka) {}

  Result<void> init() override {
    world_.preempt();
    sent_.clear();
    use_ = Use::unready;
    if (fails(kafka_.nastiness.read_fails, Happening::transaction_init_failed)) return silence();
    use_ = Use::ready;
    return {};
  }
  Result<void> begin() override {
    if (use_ != Use::ready) world_.fail(kContract, "it begins what is not ready");
    use_ = Use::open;
    return {};
  }
  Result<void> send(const engine::OutgoingMessage& message) override {
    if (use_ != Use::open) world_.fail(kContract, "it sends outside of a transaction");
    if (fails(kafka_.nastiness.commit_fails / 4, Happening::transaction_send_failed)) return silence();
    sent_.emplace_back(*message.payload);
    return {};
  }
  Result<void> commit(const engine::StoredPosition& position, const engine::GroupMembership* member) override {
    if (use_ != Use::open) world_.fail(kContract, "it commits what has not begun");
    world_.preempt();
    const auto& who = static_cast<const FakeMembership&>(*member);
    use_ = Use::unready;
    if (dead || !who.valid()) {
      world_.happened(Happening::transaction_fenced);
      return Error(Error::Kind::stale_member, "the generation is over", true);
    }
    if (fails(kafka_.nastiness.commit_fails, Happening::transaction_failed)) return silence();
    apply(position, who.caller());
    if (fails(kafka_.nastiness.commit_answer_lost, Happening::transaction_answer_lost)) return silence();
    use_ = Use::ready;
    return {};
  }
  void abort() override {
    world_.preempt();
    world_.happened(Happening::transaction_aborted);
    sent_.clear();
    use_ = Use::unready;
  }

  bool dead = false;

 private:
  enum class Use : std::uint8_t { unready, ready, open };
  static Error silence() { return {Error::Kind::timed_out, "the transaction's coordinator does not answer", true}; }
  bool fails(std::uint32_t of_a_thousand, Happening happening) {
    if (world_.calm || !world_.random.chance(of_a_thousand)) return false;
    world_.happened(happening);
    return true;
  }
  // Position and records at once.
  void apply(const engine::StoredPosition& position, const StoreCaller& caller) {
    FakePartition& partition = *kafka_.find(position.partition);
    const std::int64_t at = position.position->value;
    const auto found = caller.incarnations.find(partition.index);
    if (found == caller.incarnations.end()) world_.fail("nothing foreign is stored", "by who did not have it");
    Incarnation& incarnation = *found->second;
    incarnation.last_sent = at;
    incarnation.last_told = told_done(position.metadata, at);
    kafka_.notice();
    kafka_.guarantees().tell([&](Guarantee& each) { each.commit_sent(incarnation, at); });
    note_move(world_, partition, incarnation);
    kafka_.guarantees().tell([&](Guarantee& each) { each.commit_applied(partition, at); });
    world_.trace("a transaction of {} records stores the position {}", caller.side->who, partition.index,
                 static_cast<std::int64_t>(sent_.size()), at);
    note_stored(world_, partition, incarnation, at, position.metadata);
    partition.stored = at;
    partition.metadata = position.metadata;
    const std::vector<std::string> sent = std::exchange(sent_, {});
    kafka_.guarantees().tell([&](Guarantee& each) { each.transaction_applied(partition, at, sent); });
    world_.happened(Happening::transaction_applied);
  }

  World& world_;
  FakeKafka& kafka_;
  Use use_ = Use::unready;
  std::vector<std::string> sent_;  // payloads
};

class FakeTransactions::Slot final : public engine::TransactionalSlot {
 public:
  Slot(World& world, FakeKafka& kafka, int process) : world_(world), process_(process), client_(world, kafka) {}

  [[nodiscard]] engine::TransactionalClient& client() override { return client_; }
  void post(Task task) override {
    if (closing_) return;
    tasks_.push_back(std::move(task));
    if (task_ == nullptr) task_ = &world_.start_task(process_, [this] { run(); });
    task_->notified = true;  // nothing else may run here: the caller holds its lock
  }
  void die() {
    client_.dead = true;
    std::deque<Task> dropped;  // ends here, and may give slots back
    dropped.swap(tasks_);
    close();
  }
  void close() {
    closing_ = true;
    if (task_ != nullptr) task_->notified = true;
  }
  [[nodiscard]] bool over() const { return task_ == nullptr; }

  bool taken = false;

 private:
  void run() {
    while (!closing_ || !tasks_.empty()) {
      if (tasks_.empty()) {
        world_.wait(std::nullopt, true);
        continue;
      }
      const bool slow = !world_.calm && world_.random.chance(20);
      world_.wait(
          world_.clock.now() + std::chrono::microseconds(world_.random.between(0, slow ? 2'000'000 : 2'000)),
          false);
      if (tasks_.empty()) continue;
      const Task task = std::move(tasks_.front());
      tasks_.pop_front();
      task(client_);
    }
    task_ = nullptr;
  }

  World& world_;
  const int process_;
  Client client_;
  std::deque<Task> tasks_;
  simulation::Task* task_ = nullptr;
  bool closing_ = false;
};

FakeTransactions::FakeTransactions(World& world, FakeKafka& kafka, int process)
    : world_(world), kafka_(kafka), process_(process) {}
FakeTransactions::~FakeTransactions() = default;

std::shared_ptr<engine::TransactionalSlot> FakeTransactions::acquire() {
  std::shared_ptr<Slot> slot;
  for (const auto& each : slots_) {
    if (!each->taken) slot = each;
  }
  if (!slot) {
    slot = std::make_shared<Slot>(world_, kafka_, process_);
    slots_.push_back(slot);
  }
  slot->taken = true;
  engine::TransactionalSlot* const raw = slot.get();
  return {raw, [slot](engine::TransactionalSlot*) { slot->taken = false; }};
}

void FakeTransactions::die() {
  for (const auto& slot : slots_) slot->die();
}

void FakeTransactions::close() {
  for (const auto& slot : slots_) slot->close();
}

bool FakeTransactions::over() const {
  return std::all_of(slots_.begin(), slots_.end(), [](const auto& slot) { return slot->over(); });
}

}  // namespace braid::simulation
