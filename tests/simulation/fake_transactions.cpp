#include "simulation/fake_transactions.hpp"

#include "simulation/callback_library.hpp"
#include "simulation/fake_metadata.hpp"
#include "simulation/note_stored.hpp"
#include "simulation/work_record.hpp"

#include <braid/recovery.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace braid::simulation {

namespace {

namespace names = dead_letter_headers;

constexpr const char* kContract = "the transactional client is used as its contract says";
constexpr const char* kLetters = "dead-letters";

std::string header_of(const engine::OutgoingMessage& letter, std::string_view name) {
  for (const Header& header : letter.headers) {
    if (header.name == name) return std::string(header.value.value_or(""));
  }
  return {};
}

}  // namespace

class FakeTransactions::Client final : public engine::TransactionalClient {
 public:
  explicit Client(ConsumerSetting& setting) : setting_(setting), world_(*setting.world), kafka_(*setting.kafka) {}

  Result<void> init() override {
    world_.preempt();
    sent_.clear();
    tokens_.clear();
    use_ = Use::unready;
    if (fails(kafka_.nastiness.read_fails, Happening::transaction_init_failed)) return silence();
    use_ = Use::ready;
    return {};
  }
  Result<void> begin() override {
    if (use_ != Use::ready) world_.fail(kContract, "it begins what is not ready");
    use_ = Use::open;
    refused_.clear();
    tokens_.clear();
    return {};
  }
  Result<void> send(const engine::OutgoingMessage& message, std::uint32_t token) override {
    if (use_ != Use::open) world_.fail(kContract, "it sends outside of a transaction");
    if (message.topic == kLetters) {
      take_letter(message);
      return {};
    }
    const bool may_be_refused = message.topic == kRefusableEffects;
    const bool may_fail = may_be_refused || message.topic == kEffects;
    if (may_fail && fails(kafka_.nastiness.commit_fails / 4, Happening::transaction_send_failed)) return silence();
    if (may_be_refused && fails(kafka_.nastiness.commit_fails / 4, Happening::transaction_record_refused)) {
      refused_.push_back({token, false, too_large()});
      return too_large();
    }
    sent_.emplace_back(*message.payload);
    if (may_be_refused) tokens_.push_back(token);
    return {};
  }
  [[nodiscard]] std::vector<engine::RefusedSend> refused() override { return refused_; }
  Result<void> commit(const engine::StoredPosition& position, const engine::GroupMembership* member) override {
    if (use_ != Use::open) world_.fail(kContract, "it commits what has not begun");
    world_.preempt();
    const auto& who = static_cast<const FakeMembership&>(*member);
    use_ = Use::unready;
    if (dead || !who.valid()) {
      world_.happened(Happening::transaction_fenced);
      return Error(Error::Kind::stale_member, "the generation is over", true);
    }
    if (!tokens_.empty() && fails(kafka_.nastiness.commit_fails / 4, Happening::transaction_batch_refused)) {
      refuse_some();
      return too_large();
    }
    if (fails(kafka_.nastiness.commit_fails, Happening::transaction_failed)) return silence();
    apply(position, who.caller());
    if (fails(kafka_.nastiness.commit_answer_lost, Happening::transaction_answer_lost)) return silence();
    use_ = Use::ready;
    return {};
  }
  Result<void> commit_sent(engine::Time) override {
    world_.fail(kContract, "it commits without a position");
    return silence();
  }
  Result<void> abort() override {
    world_.preempt();
    world_.happened(Happening::transaction_aborted);
    sent_.clear();
    use_ = Use::unready;
    return {};
  }

  bool dead = false;

 private:
  enum class Use : std::uint8_t { unready, ready, open };
  static Error silence() { return {Error::Kind::timed_out, "the transaction's coordinator does not answer", true}; }
  static Error too_large() { return {Error::Kind::message_too_large, "too large"}; }
  // As a broker does, which refuses what came in one request; or a coordinator, who tells of no record.
  void refuse_some() {
    if (world_.random.chance(200)) {
      refused_.push_back({0, false, too_large()});
      return;
    }
    const std::size_t from = world_.random.below(tokens_.size());
    const std::size_t count = 1 + world_.random.below(std::min<std::size_t>(tokens_.size() - from, 3));
    for (std::size_t i = from; i < from + count; ++i) refused_.push_back({tokens_[i], true, too_large()});
  }
  bool fails(std::uint32_t of_a_thousand, Happening happening) {
    if (world_.calm || !world_.random.chance(of_a_thousand)) return false;
    world_.happened(happening);
    return true;
  }
  // It is its message's effect; whoever has sent it goes on.
  void take_letter(const engine::OutgoingMessage& letter) {
    setting_.library->notice_given_up();
    const std::string offset_text = header_of(letter, names::kOffset);
    FakePartition* const partition = kafka_.find({header_of(letter, names::kTopic), *letter.partition});
    if (offset_text.empty() || partition == nullptr) world_.fail(kContract, "a dead letter of no message");
    const std::int64_t offset = std::stoll(offset_text);
    world_.happened(Happening::transaction_letter);
    world_.trace("the dead letter of {} is in the transaction", setting_.process * 10, partition->index, offset);
    sent_.push_back(offset_text);
    const auto of = setting_.incarnations[partition->index].lock();
    if (!of) return;
    const LetterSent facts{partition, of.get(), offset, header_of(letter, names::kAttempts)};
    // Its producer's thread may be late; and then it is in nothing that is ever committed.
    const bool in_time = !of->ending && !of->ended;
    if (in_time) kafka_.guarantees().tell([&](Guarantee& each) { each.letter_sent(facts); });
    // When it ends nobody may read the answer in time.
    if (!in_time || setting_.stopping) of->inexact = true;
    const auto due = of->letters.find(offset);
    const auto record = due != of->letters.end() ? due->second.record.lock() : nullptr;
    if (record) record->acknowledged(offset);
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
    kafka_.guarantees().tell([&](Guarantee& each) { each.transaction_applied(partition, incarnation, at, sent); });
    world_.happened(Happening::transaction_applied);
  }

  ConsumerSetting& setting_;
  World& world_;
  FakeKafka& kafka_;
  Use use_ = Use::unready;
  std::vector<std::string> sent_;      // payloads
  std::vector<std::uint32_t> tokens_;  // of those that may be refused
  std::vector<engine::RefusedSend> refused_;
};

class FakeTransactions::Slot final : public engine::TransactionalSlot {
 public:
  explicit Slot(ConsumerSetting& setting) : world_(*setting.world), process_(setting.process), client_(setting) {}

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
          world_.clock.now() + std::chrono::microseconds(world_.random.between(0, slow ? 4'000'000 : 2'000)),
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

FakeTransactions::FakeTransactions(ConsumerSetting& setting) : setting_(setting) {}
FakeTransactions::~FakeTransactions() = default;

std::shared_ptr<engine::TransactionalSlot> FakeTransactions::acquire() {
  std::shared_ptr<Slot> slot;
  for (const auto& each : slots_) {
    if (!each->taken) slot = each;
  }
  if (!slot) {
    slot = std::make_shared<Slot>(setting_);
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
