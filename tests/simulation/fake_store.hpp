#pragma once

#include "engine/ports/store_calls.hpp"
#include "simulation/fake_client.hpp"
#include "simulation/fake_kafka.hpp"
#include "simulation/world.hpp"

#include <braid/offset_store.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace braid::simulation {

// For whom the store is called: a connection, which may be gone by then, and its partitions when it asked.
struct StoreCaller {
  std::shared_ptr<StoreSide> side;
  std::map<int, std::shared_ptr<Incarnation>> incarnations;
};

// The offset store that all processes share: a database, with its epochs; its calls fail, throw, or lose their
// answer. Thread: one.
class FakeOffsetStore final : public OffsetStore {
 public:
  FakeOffsetStore(World& world, FakeKafka& kafka) : world_(world), kafka_(kafka) {}
  Result<std::vector<Stored>> open(const std::string& group, std::span<const Partition> partitions) override;
  Result<void> save(const std::string& group, std::span<const Position> positions) override;
  // Of the calls that follow.
  void call_for(StoreCaller caller) { caller_ = std::move(caller); }

 private:
  // Why a call comes to nothing, if it does: nobody asks any more, or it fails, so often; it may throw instead.
  std::optional<Error> fail(const StoreCaller& caller, std::uint32_t of_a_thousand, Happening happening);
  void store(const StoreCaller& caller, const Position& position);
  World& world_;
  FakeKafka& kafka_;
  StoreCaller caller_;
};

// What calls the store for a process, as a thread of its own would: one call after another, some of them late.
// Thread: one. Owned by a process.
class SteppedStore {
 public:
  SteppedStore(World& world, int process, std::shared_ptr<FakeOffsetStore> store)
      : world_(world), process_(process), store_(std::move(store)) {}

  // How a connection calls it.
  std::shared_ptr<engine::StoreCalls> calls_of(FakeConsumerClient& client);
  [[nodiscard]] const std::shared_ptr<FakeOffsetStore>& store() const { return store_; }
  // What has not begun is dropped.
  void close();
  [[nodiscard]] bool over() const { return task_ == nullptr; }

 private:
  class Port;
  struct Call {
    StoreCaller caller;
    engine::StoreCalls::Task task;
  };
  void post(Call call);
  void run();

  World& world_;
  int process_;
  std::shared_ptr<FakeOffsetStore> store_;
  std::deque<Call> calls_;
  Task* task_ = nullptr;
  bool closing_ = false;
};

}  // namespace braid::simulation
