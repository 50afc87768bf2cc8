// Counts what our code allocates a message on the steady path, in both flows: the real runners and a real
// WorkerPool, with this program as the listener and a queue that is all in memory as the client. Each round takes
// equally many messages and waits until they have settled. The rounds are measured with a size and with twice that
// size: what is allocated a batch or a job is in both, so what the larger rounds need more is what a message costs.
// It must be nothing, for consumers of values too where these are views. Ends with 0 if so. `--planted`: the
// consumer allocates once a message, and so the program must fail.
//
// A program of its own, since it replaces the global operator new.

#include "engine/listener/batch_runner.hpp"
#include "engine/listener/continuous_runner.hpp"
#include "unit/engine/engine_world.hpp"

#include <braid/typed_consumer.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace {

std::atomic<std::uint64_t> allocations{0};  // of all threads

void* counted(std::size_t size, std::size_t alignment) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  // As aligned_alloc wants it: a multiple.
  const std::size_t rounded = (std::max<std::size_t>(size, 1) + alignment - 1) / alignment * alignment;
  if (void* memory = std::aligned_alloc(alignment, rounded)) return memory;
  throw std::bad_alloc();
}

}  // namespace

// Where one of the pair is inlined and the other is not, GCC 12 takes them for strangers.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

void* operator new(std::size_t size) {
  return counted(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return counted(size, static_cast<std::size_t>(alignment));
}
// A sanitizer's own would not go with our delete.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  try {
    return operator new(size);
  } catch (...) {
    return nullptr;
  }
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

namespace braid::engine {
namespace {

using test_support::EngineWorld;

constexpr std::uint32_t kVirtualPartitions = 8;
constexpr std::size_t kRounds = 200;
constexpr std::size_t kSmall = 500;
constexpr std::size_t kLarge = 2 * kSmall;

// Owns nothing and counts nothing, so that what is counted is the engine's.
class NoOwner final : public MessageOwner {
 public:
  void release(std::span<const Message>) noexcept override {}
  [[nodiscard]] std::string_view topic() const override { return "events"; }
  [[nodiscard]] PartitionNumber partition() const override { return {0}; }
  [[nodiscard]] std::chrono::system_clock::time_point timestamp(const void*) const override { return {}; }
  [[nodiscard]] std::vector<Header> headers(const void*) const override { return {}; }
  [[nodiscard]] std::optional<Header> header(const void*, std::string_view) const override { return std::nullopt; }
};

// Hands out as many messages as it is told, over many keys.
class Endless final : public PartitionQueue {
 public:
  explicit Endless(std::shared_ptr<MessageOwner> owner) : owner_(std::move(owner)) {
    for (std::uint32_t key = 0; key < 64; ++key) keys_.push_back(key);
  }
  TakeReport take(std::size_t max, std::vector<Message>& out) override {
    TakeReport report;
    for (; report.messages < max && left > 0; ++report.messages, --left, ++next_) {
      Message::Parts parts;
      parts.key = reinterpret_cast<const char*>(&keys_[static_cast<std::size_t>(next_) % keys_.size()]);
      parts.key_size = sizeof(std::uint32_t);
      parts.payload = parts.key;  // ASCII
      parts.payload_size = parts.key_size;
      parts.offset = Offset{next_};
      parts.source = owner_.get();
      out.push_back(Message(parts));
    }
    return report;
  }
  [[nodiscard]] const std::shared_ptr<MessageOwner>& owner() const override { return owner_; }
  std::size_t left = 0;

 private:
  std::shared_ptr<MessageOwner> owner_;
  std::vector<std::uint32_t> keys_;
  std::int64_t next_ = 0;
};

class Silent final : public Log {
 public:
  [[nodiscard]] bool enabled(LogLevel) const override { return false; }
  void write(LogLevel, std::string_view, std::string_view) override {}
};

// A listener without a client, for one partition.
class Steady {
 public:
  explicit Steady(bool planted, bool typed = false)
      : pool_(std::make_shared<WorkerPool>(2, "steady-w-")), dispatcher_(pool_, world_.bell) {
    world_.topic().max_messages = 2 * kLarge;
    world_.topic().deserializer = text();
    world_.script.consume = [planted, typed](Batch& batch) {
      if (typed) return look_at(TypedBatch<std::string_view>(batch));
      for (const Message& message : batch) {
        if (planted) delete new std::int64_t(message.offset().value);
      }
    };
    pool_->start();
  }
  ~Steady() { pool_->stop(std::chrono::steady_clock::now() + std::chrono::seconds(10)); }

  template <class Runner>
  bool holds(const char* flow) {
    Runner runner(assignment_, {},
                  {.split = &split_,
                   .dispatcher = &dispatcher_,
                   .mailbox = world_.mailbox,
                   .pool = pool_,
                   .log = &log_,
                   .bytes = &bytes_,
                   .ready = std::make_shared<ReadyFlag>(world_.mailbox),
                   .commits = &commits_,
                   .balance = &balance_});
    measure(runner, kLarge);  // until everything is as large as it gets
    const std::uint64_t small = measure(runner, kSmall);
    const std::uint64_t large = measure(runner, kLarge);
    runner.refuse();
    const double a_message = (static_cast<double>(large) - static_cast<double>(small)) /
                             static_cast<double>(kRounds * (kLarge - kSmall));
    std::printf("%s: %.2f allocations a round of %zu messages, %.2f a round of %zu: %.4f a message\n", flow,
                static_cast<double>(small) / kRounds, kSmall, static_cast<double>(large) / kRounds, kLarge,
                a_message);
    // Jobs are taken and freed in an order that the threads decide, so a round may allocate one more or less.
    return a_message < 0.005;
  }

 private:
  static void look_at(const TypedBatch<std::string_view>& batch) {
    for (const auto& message : batch) {
      if (message.value().size() != sizeof(std::uint32_t)) std::abort();
    }
  }
  // As the world's, with an owner that counts nothing.
  std::shared_ptr<Assignment> new_assignment() {
    return std::make_shared<Assignment>(Assignment::Parts{
        .topic = &world_.topic(),
        .partition = {"events", {0}},
        .generation = {1'000},
        .max_partitions = kVirtualPartitions,
        .messages = owner_,
        .jobs = world_.jobs,
        .counters = world_.counters,
        .routes = nullptr,
    });
  }
  std::uint64_t measure(PartitionRunner& runner, std::size_t messages) {
    const std::uint64_t before = allocations.load(std::memory_order_relaxed);
    for (std::size_t round = 0; round < kRounds; ++round) pass(runner, messages);
    return allocations.load(std::memory_order_relaxed) - before;
  }
  // One round, until all of it is done.
  void pass(PartitionRunner& runner, std::size_t messages) {
    const std::uint64_t until = done() + messages;
    queue_.left = messages;
    while (queue_.left > 0 && runner.has_room()) runner.take(queue_, {});
    runner.turn({});
    dispatcher_.feed();
    while (done() < until) {
      const auto mail = world_.next_mail();
      if (!mail) std::abort();  // what was submitted never came back
      if (mail->kind == Mail::Kind::batch_settled) runner.handle_settled(*mail->batch);
      if (mail->kind == Mail::Kind::shares_unsent) runner.handle_unsent(*mail->batch);
      Mailbox::settle(*mail);
      runner.turn({});
      dispatcher_.feed();
    }
  }
  [[nodiscard]] std::uint64_t done() const { return world_.counters->messages_done.load(); }

  EngineWorld world_{kVirtualPartitions};
  std::shared_ptr<WorkerPool> pool_;
  Dispatcher dispatcher_;
  std::shared_ptr<MessageOwner> owner_ = std::make_shared<NoOwner>();
  std::shared_ptr<Assignment> assignment_ = new_assignment();
  Endless queue_{owner_};
  TopicSplit split_;
  Silent log_;
  ByteBudget bytes_{1'000'000'000};
  core::PartitionCommits commits_{routing::Commit{}, Duration{1}, Time{}};
  TopicBalance balance_{"group", "events"};
};

}  // namespace
}  // namespace braid::engine

int main(int argc, char** argv) {
  const bool planted = argc > 1 && std::string_view(argv[1]) == "--planted";
  const bool batch = braid::engine::Steady(planted).holds<braid::engine::BatchRunner>("batch");
  const bool continuous = braid::engine::Steady(planted).holds<braid::engine::ContinuousRunner>("continuous");
  const bool typed = braid::engine::Steady(planted, true).holds<braid::engine::BatchRunner>("batch of values");
  return batch && continuous && typed ? 0 : 1;
}
