#include "simulation/observed_job.hpp"

#include "simulation/fake_messages.hpp"

#include <fmt/format.h>

#include <utility>

namespace braid::simulation {

ObservedJob::ObservedJob(ConsumerSetting& setting, std::shared_ptr<WorkRecord> record, const Batch& batch,
                         bool has_begun)
    : setting_(setting), record_(std::move(record)), where_(&batch.virtual_partition()) {
  World& world = *setting_.world;
  Incarnation& incarnation = record_->incarnation();
  job_ = {.process = setting_.process,
          .incarnation = &incarnation,
          .batch = &batch,
          .virtual_partition = record_->virtual_partition(),
          .facts = &record_->facts(),
          .collapsed = record_->collapsed(),
          .has_begun = has_begun,
          .expected = record_->expected()};
  world.trace("job begins in virtual partition {} at {}", who(), incarnation.partition, job_.virtual_partition,
              batch.front().offset().value);
  setting_.kafka->guarantees().tell([&](Guarantee& each) { each.job_begins(job_); });
  job_.batch = nullptr;
  if (batch.retrying() || record_->facts().retry_from) world.happened(Happening::retry);
  count_reasons(batch);
  ++incarnation.jobs_inside;
}

void ObservedJob::end() {
  if (std::exchange(ended_, true)) return;
  Incarnation& incarnation = record_->incarnation();
  --incarnation.jobs_inside;
  if (incarnation.ended && !setting_.dead) setting_.world->happened(Happening::late_result);
  setting_.world->trace("job of virtual partition {} returns", who(), incarnation.partition,
                        job_.virtual_partition);
  setting_.kafka->guarantees().tell([&](Guarantee& each) { each.job_ends(job_); });
}

int ObservedJob::who() const {
  return record_->incarnation().process * 10 + record_->incarnation().connection;
}

// Why this job begins just now, as far as that can be seen from here.
void ObservedJob::count_reasons(const Batch& batch) const {
  World& world = *setting_.world;
  const Promises& promises = record_->promises();
  if (world.current()->shares++ > 0) world.happened(Happening::job_followed_inline);
  if (setting_.limits->bytes().exhausted()) world.happened(Happening::bytes_exhausted);
  if (promises.max_wait > engine::Duration::zero() && batch.size() < promises.max_messages &&
      world.clock.now() >= delivery_of(batch.front()).taken_at + promises.max_wait) {
    world.happened(Happening::job_waited_out);
  }
}

ViewsInHand::ViewsInHand(std::span<const Message> messages) {
  for (const Message& message : messages) {
    views_.push_back({&delivery_of(message), message.offset().value, message.key(), message.payload()});
  }
}

void ViewsInHand::check(World& world) const {
  if (!views_.empty()) world.happened(Happening::views_read_again);
  for (const View& view : views_) {
    if (!view.delivery->released && view.payload == view.delivery->payload_bytes &&
        view.key == view.delivery->key_bytes)
      continue;
    world.fail("memory stays in place",
               fmt::format("what was read of offset {} is no more, and its job goes on", view.offset));
  }
}

void check_memory(World& world, const Message& message) {
  const FakeDelivery& delivery = delivery_of(message);
  const bool good = !delivery.released && message.offset().value == delivery.offset &&
                    message.payload() == payload_text(delivery.incarnation->partition, delivery.offset) &&
                    message.has_key() == (delivery.key >= 0) &&
                    (delivery.key < 0 || message.key() == key_text(delivery.key));
  if (good) return;
  world.fail("memory is valid",
             fmt::format("offset {} is read while it is not, or no more, what it was", message.offset().value));
}

}  // namespace braid::simulation
