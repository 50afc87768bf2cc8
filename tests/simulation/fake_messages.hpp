#pragma once

#include "engine/ports/consumer_client.hpp"
#include "simulation/fake_log.hpp"
#include "simulation/incarnation.hpp"
#include "simulation/world.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace braid::simulation {

// What stands behind a message that was handed out: memory of its own, as a fetch buffer would be.
struct FakeDelivery {
  std::shared_ptr<std::size_t> holds;  // the owner's
  std::shared_ptr<Incarnation> incarnation;
  std::int64_t offset = 0;
  int key = -1;
  std::string key_bytes;
  std::string payload_bytes;
  std::uint64_t taken_at_step = 0;
  engine::Time taken_at{};
  bool released = false;
  bool filtered = false;  // its filters have let it pass
  bool detached = false;  // a copy of what was handed out
};

// The records behind the messages of one opened partition. What is released is overwritten, and kept to the end of
// the run, so that whoever reads it late, or releases it twice, is found out. Thread: one.
class FakeMessageOwner final : public engine::MessageOwner {
 public:
  FakeMessageOwner(World& world, engine::TopicPartition name) : world_(world), name_(std::move(name)) {}
  ~FakeMessageOwner() override;

  Message hand_out(const FakeRecord& record, std::shared_ptr<Incarnation> incarnation);
  void release(std::span<const Message> messages) noexcept override;
  // Truly: what it leaves behind is overwritten, as what is released is.
  std::size_t detach(std::span<Message> messages) noexcept override;
  [[nodiscard]] std::size_t out() const { return out_; }
  // How many batches user code holds beyond their end; see BatchHold.
  [[nodiscard]] std::size_t holds() const { return *holds_; }

  [[nodiscard]] std::string_view topic() const override { return name_.topic; }
  [[nodiscard]] PartitionNumber partition() const override { return name_.partition; }
  [[nodiscard]] std::chrono::system_clock::time_point timestamp(const void*) const override { return {}; }
  [[nodiscard]] std::vector<Header> headers(const void*) const override { return {}; }
  [[nodiscard]] std::optional<Header> header(const void*, std::string_view) const override { return std::nullopt; }

 private:
  Message keep(std::unique_ptr<FakeDelivery> delivery);
  static void poison(FakeDelivery& delivery);

  World& world_;
  engine::TopicPartition name_;
  std::vector<std::unique_ptr<FakeDelivery>> deliveries_;
  std::size_t out_ = 0;
  std::shared_ptr<std::size_t> holds_ = std::make_shared<std::size_t>(0);
};

[[nodiscard]] inline FakeDelivery& delivery_of(const Message& message) {
  return *static_cast<FakeDelivery*>(message.handle());
}

// User code holds the batch of a message beyond its end: what a partition may hold does not count it. Thread: one.
class BatchHold {
 public:
  explicit BatchHold(const Message& message) : holds_(delivery_of(message).holds) { ++*holds_; }
  ~BatchHold() { release(); }
  BatchHold(BatchHold&& other) noexcept : holds_(std::exchange(other.holds_, nullptr)) {}
  BatchHold& operator=(BatchHold&& other) noexcept {
    release();
    holds_ = std::exchange(other.holds_, nullptr);
    return *this;
  }

 private:
  void release() {
    if (holds_) --*holds_;
  }
  std::shared_ptr<std::size_t> holds_;
};

}  // namespace braid::simulation
