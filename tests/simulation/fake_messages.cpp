#include "simulation/fake_messages.hpp"

#include <fmt/format.h>

#include <utility>

namespace braid::simulation {

namespace {

constexpr char kPoison = '\xDD';

}  // namespace

FakeMessageOwner::~FakeMessageOwner() {
  if (out_ > 0) {
    world_.fail("messages are freed",
                fmt::format("{} of {}/{} never were", out_, name_.topic, name_.partition.value));
  }
}

Message FakeMessageOwner::hand_out(const FakeRecord& record, std::shared_ptr<Incarnation> incarnation) {
  auto delivery = std::make_unique<FakeDelivery>();
  const int partition = incarnation->partition;
  delivery->incarnation = std::move(incarnation);
  delivery->holds = holds_;
  delivery->offset = record.offset;
  delivery->key = record.key;
  delivery->taken_at_step = world_.step;
  delivery->taken_at = world_.clock.now();
  delivery->payload_bytes = payload_text(partition, record.offset);
  if (record.key >= 0) delivery->key_bytes = key_text(record.key);
  ++out_;
  return keep(std::move(delivery));
}

Message FakeMessageOwner::keep(std::unique_ptr<FakeDelivery> delivery) {
  Message::Parts parts;
  if (delivery->key >= 0) {
    parts.key = delivery->key_bytes.data();
    parts.key_size = static_cast<std::uint32_t>(delivery->key_bytes.size());
  }
  parts.payload = delivery->payload_bytes.data();
  parts.payload_size = static_cast<std::uint32_t>(delivery->payload_bytes.size());
  parts.offset = Offset{delivery->offset};
  parts.handle = delivery.get();
  parts.source = this;
  deliveries_.push_back(std::move(delivery));
  return Message(parts);
}

void FakeMessageOwner::poison(FakeDelivery& delivery) {
  delivery.released = true;
  delivery.key_bytes.assign(delivery.key_bytes.size(), kPoison);
  delivery.payload_bytes.assign(delivery.payload_bytes.size(), kPoison);
  delivery.incarnation.reset();
}

std::size_t FakeMessageOwner::detach(std::span<Message> messages) noexcept {
  world_.preempt();
  std::size_t count = 0;
  for (Message& message : messages) {
    FakeDelivery& delivery = delivery_of(message);
    if (delivery.released) {
      world_.fail("what is copied is there", fmt::format("offset {} of {}/{} was freed before", delivery.offset,
                                                         name_.topic, name_.partition.value));
    }
    if (delivery.detached) continue;
    auto copy = std::make_unique<FakeDelivery>(delivery);
    copy->detached = true;
    poison(delivery);
    message = keep(std::move(copy));
    world_.happened(Happening::message_copied);
    ++count;
  }
  return count;
}

void FakeMessageOwner::release(std::span<const Message> messages) noexcept {
  world_.preempt();
  for (const Message& message : messages) {
    FakeDelivery& delivery = delivery_of(message);
    if (delivery.released) {
      world_.fail("messages are freed once", fmt::format("offset {} of {}/{} a second time", delivery.offset,
                                                         name_.topic, name_.partition.value));
    }
    poison(delivery);
    --out_;
  }
}

}  // namespace braid::simulation
