// The floor: the best loop that librdkafka's batch call allows, written for this one topic.

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>
#include <vector>

#define XXH_INLINE_ALL
#include "adapters/librdkafka/fetch_waker.hpp"
#include "pass.hpp"
#include "raw_handles.hpp"
#include "stopwatch.hpp"

#include <xxhash.h>

namespace braid::benchmarks {
namespace {

constexpr int kPartition = 0;
constexpr int kPatienceMs = 10'000;

[[noreturn]] void fail(std::span<rd_kafka_message_t* const> batch, std::size_t count,
                       const rd_kafka_message_t& element) {
  const std::string reason = rd_kafka_message_errstr(&element);
  // The handle can't be destroyed while messages are out.
  for (rd_kafka_message_t* record : batch.first(count)) rd_kafka_message_destroy(record);
  throw std::runtime_error("raw: " + reason);
}

}  // namespace

PassResult run_raw(const PassRequest& request) {
  const HandlePtr rk =
      make_handle(RD_KAFKA_CONSUMER, consumer_conf(request.bootstrap, request.topic + "-raw", request.settings));
  rd_kafka_poll_set_consumer(rk.get());
  QueuePtr queue(rd_kafka_queue_get_partition(rk.get(), request.topic.c_str(), kPartition));
  rd_kafka_queue_forward(queue.get(), nullptr);
  assign_from_start(rk.get(), request.topic);

  adapters::FetchWaker waker(rk.get(), *rd_kafka_conf(rk.get()));
  adapters::QueueDrop drop(std::stoull(request.settings.at("queued.max.messages.kbytes")) * 1024);
  std::vector<rd_kafka_message_t*> batch(request.max_messages);
  std::array<std::uint64_t, 8> shares{};
  PassResult result;
  Stopwatch watch;
  while (result.messages < request.messages) {
    // With a timeout it returns when the array is full: fewer calls and wake-ups than taking what is there. It must
    // not wait for more than there will be.
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(request.max_messages, request.messages - result.messages));
    const ssize_t got = rd_kafka_consume_batch_queue(queue.get(), kPatienceMs, batch.data(), wanted);
    if (got <= 0)
      throw std::runtime_error("raw: nothing more after " + std::to_string(result.messages) + " messages");
    const auto count = static_cast<std::size_t>(got);
    if (result.messages == 0) watch.begin();
    std::size_t bytes = 0;
    std::size_t ends = 0;  // elements that only tell the end of the partition
    for (std::size_t i = 0; i < count; ++i) {
      const rd_kafka_message_t& record = *batch[i];
      if (record.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        ++ends;
        continue;
      }
      if (record.err != RD_KAFKA_RESP_ERR_NO_ERROR) fail(batch, count, record);
      bytes += record.len;
      ++shares[XXH3_64bits(record.key, record.key_len) % shares.size()];
      result.checksum += static_cast<std::uint64_t>(record.offset);
      if (request.touch) result.checksum += static_cast<const unsigned char*>(record.payload)[0];
    }
    if (waker.active() && drop.after_take(count, bytes, rd_kafka_queue_length(queue.get()))) waker.wake();
    for (std::size_t i = 0; i < count; ++i) rd_kafka_message_destroy(batch[i]);
    result.messages += count - ends;
    ++result.batches;
  }
  watch.end();
  std::uint64_t hashed = 0;
  for (const std::uint64_t share : shares) hashed += share;
  if (hashed != result.messages) throw std::runtime_error("raw: the shares do not add up");
  result.seconds = watch.seconds();
  result.cpu_seconds = watch.cpu_seconds();
  result.threads = thread_times();
  queue.reset();
  rd_kafka_consumer_close(rk.get());
  return result;
}

}  // namespace braid::benchmarks
