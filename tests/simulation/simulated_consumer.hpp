#pragma once

#include "engine/worker/limits.hpp"
#include "simulation/fake_kafka.hpp"
#include "simulation/fake_messages.hpp"
#include "simulation/guarantees.hpp"
#include "simulation/work_record.hpp"
#include "simulation/world.hpp"

#include <braid/consumer.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace braid::simulation {

class CallbackLibrary;
class ObservedJob;
class ProducedAttempt;
class SimulatedConsumer;
struct OpenTicket;

// How user code behaves: of 1,000 times.
struct Manners {
  std::uint32_t pauses = 300;      // is left in the middle of a message
  std::uint32_t throws = 60;       // an exception
  std::uint32_t throws_int = 20;   // something that is no exception
  std::uint32_t marks = 300;       // a message, before the end
  std::uint32_t marks_all = 300;   // under manual offsets, before it returns
  std::uint32_t keeps = 100;       // a batch, for a while
  std::uint32_t long_pause = 5;    // longer than a rebalance waits
  std::uint32_t asks = 100;        // for a commit, where nothing else commits
  std::uint32_t waits = 60;        // for the answer to one, where the topic's code does that
  std::uint32_t defers = 400;      // a job, where the topic's code does that
  std::uint32_t throws_then = 60;  // behind that
  std::uint32_t settles_late = 40;
  std::uint32_t steers = 15;  // its partition, where the topic's code does that
  std::uint32_t hook_throws = 100;
  std::uint32_t hook_marks = 500;
  std::uint32_t factory_fails = 5;
  std::uint32_t letters_fail = 100;
  std::uint32_t letters_late = 40;
  std::uint32_t records_fail = 40;
  std::uint32_t records_late = 40;
  engine::Duration long_pause_most{};
};

// What all consumers of one process share. Outlives them.
struct ConsumerSetting {
  World* world = nullptr;
  FakeKafka* kafka = nullptr;
  int process = 0;
  bool stopping = false;
  bool dead = false;  // the process has crashed: what it does does not count
  Manners manners;
  engine::Limits* limits = nullptr;
  std::vector<SimulatedConsumer*> consumers{};  // that live
  CallbackLibrary* library = nullptr;
  std::map<int, std::weak_ptr<Incarnation>> incarnations{};  // by partition, the last that user code saw
  std::vector<std::shared_ptr<WorkRecord>> records{};        // letters may be answered behind the last hook
  std::vector<std::weak_ptr<SteeredPartition>> steered{};    // that somebody may steer from outside
  std::shared_ptr<ProducedAttempt> producing{};  // who calls the producer just now, and of which partition
  int producing_for = 0;
};

// User code at its worst: pauses anywhere, throws anything, marks some and then fails, overruns, keeps what it was
// given. It notes what it finished, and tells the guarantees what it sees. Thread: the workers of its process.
class SimulatedConsumer final : public Consumer {
 public:
  SimulatedConsumer(ConsumerSetting& setting, const Promises& promises);
  ~SimulatedConsumer() override;

  // Under manual offsets: marks something of what has gathered, from outside, as a thread of the user's would that
  // flushes buffers. False: there is nothing.
  bool flush();

 protected:
  void on_assigned(const VirtualPartition& where) override;
  void consume(Batch& batch) override;
  void on_tick(const VirtualPartition& where) override;
  void on_end_of_partition(const VirtualPartition& where) override;
  void on_revoked(const VirtualPartition& where) override;
  void on_stopping(const VirtualPartition& where) override;

 private:
  struct Kept {
    BatchHold hold;  // longer than the messages
    KeptBatch batch;
  };
  void begin(Batch& batch);
  std::shared_ptr<WorkRecord> new_record(const Batch& batch, const std::shared_ptr<Incarnation>& incarnation);
  void begin_collapsed(const Batch& batch, const std::shared_ptr<Incarnation>& incarnation);
  void leave_collapsed();
  void work_on(Batch& batch, const std::shared_ptr<ObservedJob>& job);
  void take_effect(Batch& batch, const Message& message);
  void produce(Batch& batch, const Message& message);
  void take_rest_into_effect(Batch& batch, const Message& behind);
  void work_on_message(const Message& message, bool marked);
  void work_on_one_by_one(Batch& batch);
  // A message in hand that fails by its nature.
  void meet_bad_message(const Message& message);
  [[noreturn]] void fail(const Message& message);
  // Something else than done or failed becomes of the message. False: nothing.
  bool give_up(Batch& batch, const Message& message);
  class OneByOne;
  void mark(Batch& batch, const Message& message);
  void mark_by_partition(std::int64_t through);
  void mark_what_was_not_given(Batch& batch);
  void steer(const Message& message);
  void keep(Batch& batch);
  void read_kept();
  void ask_for_commit(Batch& batch);
  void wait_for_commit(Batch& batch);
  void pause(bool may_be_long);
  void hook(const VirtualPartition& where, bool tick);
  // For as long as it lives, nobody else may be in this object.
  class Inside;
  void say_farewell(const VirtualPartition& where, Happening what);
  [[nodiscard]] bool calm() const { return setting_.world->calm; }

  ConsumerSetting& setting_;
  const Promises promises_;
  bool inside_ = false;
  bool fresh_ = false;  // on_assigned() has paused, within the job that goes on with consume()
  const VirtualPartition* where_ = nullptr;
  std::shared_ptr<WorkRecord> record_;      // from the first batch on
  std::shared_ptr<WorkRecord> own_record_;  // while record_ is of a collapsed batch: its virtual partition's
  std::vector<Kept> kept_;
  std::shared_ptr<OpenTicket> ticket_;         // of the call in hand
  std::shared_ptr<ProducedAttempt> produced_;  // likewise
};

}  // namespace braid::simulation
