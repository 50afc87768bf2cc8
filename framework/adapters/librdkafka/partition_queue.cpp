#include "adapters/librdkafka/partition_queue.hpp"

#include "adapters/librdkafka/rdkafka_errors.hpp"
#include "adapters/librdkafka/rdkafka_version.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace braid::adapters {
namespace {

constexpr std::size_t kDrainAtOnce = 512;

// On librdkafka's thread and under its queue lock: no call of librdkafka in here.
void signal_ready(rd_kafka_t*, void* opaque) {
  static_cast<engine::ReadySignal*>(opaque)->on_ready();
}

std::uint32_t size_of(const void* data, size_t size) {
  return data == nullptr ? Message::kNull : static_cast<std::uint32_t>(size);
}

Message to_message(rd_kafka_message_t& record, const detail::MessageSource& source) {
  return Message{{.key = static_cast<const char*>(record.key),
                  .key_size = size_of(record.key, record.key_len),
                  .payload = static_cast<const char*>(record.payload),
                  .payload_size = size_of(record.payload, record.len),
                  .offset = Offset{record.offset},
                  .handle = &record,
                  .source = &source}};
}

void empty(rd_kafka_queue_t& queue) noexcept {
  std::array<rd_kafka_message_t*, kDrainAtOnce> records{};
  for (ssize_t count = 1; count > 0;) {
    count = rd_kafka_consume_batch_queue(&queue, 0, records.data(), records.size());
    for (ssize_t i = 0; i < count; ++i) rd_kafka_message_destroy(records[static_cast<std::size_t>(i)]);
  }
}

}  // namespace

void QueueContext::empty_given_back() noexcept {
  for (const auto& [partition, queue] : given_back) empty(*queue);
}

RdkafkaPartitionQueue::RdkafkaPartitionQueue(QueueContext& context, const engine::TopicPartition& partition,
                                             engine::ReadySignal& ready)
    : context_(context),
      progress_(context.progress[partition] = Progress{}),
      rdkafka_owner_(std::make_shared<RdkafkaMessageOwner>(context.handle, partition)),
      owner_(rdkafka_owner_),
      queue_(
          rd_kafka_queue_get_partition(context.handle->rk(), partition.topic.c_str(), partition.partition.value)),
      drop_(context.prefetch_bytes_max) {
  if (!queue_) return;
  // Emptied; it may be another one's by now, of a topic of that name.
  std::erase_if(context.given_back, [&](const auto& each) {
    if (each.first != partition) return false;
    empty(*each.second);
    return true;
  });
  rd_kafka_queue_forward(queue_.get(), nullptr);
  rd_kafka_queue_cb_event_enable(queue_.get(), &signal_ready, &ready);
  // What arrived before the callback was set has signalled nobody.
  ready.on_ready();
}

RdkafkaPartitionQueue::~RdkafkaPartitionQueue() {
  if (!queue_) return;
  rd_kafka_queue_cb_event_enable(queue_.get(), nullptr, nullptr);
  context_.given_back.emplace_back(engine::TopicPartition{std::string{owner_->topic()}, owner_->partition()},
                                   std::move(queue_));
}

engine::TakeReport RdkafkaPartitionQueue::take(std::size_t max, std::vector<Message>& out) {
  engine::TakeReport report;
  if (!queue_) {
    report.error = Error{Error::Kind::unknown_topic, "no queue for this partition", true};
    return report;
  }
  auto& batch = context_.batch;
  if (batch.size() < max) batch.resize(max);
  const ssize_t count = rd_kafka_consume_batch_queue(queue_.get(), 0, batch.data(), max);
  if (count < 0) {
    report.error = translate(rd_kafka_last_error(), "taking messages");
    return report;
  }

  std::size_t bytes = 0;
  const auto taken = static_cast<std::size_t>(count);
  for (std::size_t i = 0; i < taken; ++i) {
    rd_kafka_message_t* record = batch[i];
    if (record->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      report_element(*record, report);
      rd_kafka_message_destroy(record);
      continue;
    }
    bytes += record->len;
    out.push_back(to_message(*record, *rdkafka_owner_));
    ++report.messages;
  }
  report.more = taken == max;
  if (taken > 0) ++progress_.heard;
  // What was fetched again after a change of the assignment does not take us back.
  if (report.messages > 0) progress_.next = std::max(progress_.next, out.back().offset().value + 1);
  if (report.messages > 0) rdkafka_owner_->add_out(report.messages);
  if (context_.waker.active()) {
    if (drop_.after_take(report.messages, bytes, rd_kafka_queue_length(queue_.get()))) context_.waker.wake();
  }
  return report;
}

// The end is what the last fetch told; no request.
engine::PartitionQueue::Backlog RdkafkaPartitionQueue::backlog() const {
  Backlog backlog;
  backlog.end_is_told = end_of_partition_is_sound();
  if (queue_) backlog.fetched = rd_kafka_queue_length(queue_.get());
  const std::string topic{owner_->topic()};
  std::int64_t low = RD_KAFKA_OFFSET_INVALID;
  std::int64_t high = RD_KAFKA_OFFSET_INVALID;
  const auto code =
      rd_kafka_get_watermark_offsets(context_.handle->rk(), topic.c_str(), owner_->partition().value, &low, &high);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0) backlog.end = CommitPosition{high};
  return backlog;
}

void RdkafkaPartitionQueue::report_element(const rd_kafka_message_t& element, engine::TakeReport& report) {
  const char* text = rd_kafka_message_errstr(&element);
  const std::string_view detail = text == nullptr ? "" : text;
  switch (element.err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
      report.end_of_partition = true;
      report.end = CommitPosition{element.offset};
      if (progress_.next < 0) progress_.next = element.offset;
      break;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
      // One code for all; the text ends with the reason, in librdkafka's own words for the code behind. Whatever is
      // not "nothing stored" (truncation, a failed question for an end of the log) leaves the partition just as
      // stuck as an offset out of range, and is cured alike.
      if (detail.find(rd_kafka_err2str(RD_KAFKA_RESP_ERR__NO_OFFSET)) != std::string_view::npos ||
          detail.find("no previously committed offset") != std::string_view::npos) {
        report.no_stored_position = !progress_.restarted;
      } else {
        report.out_of_range = true;
      }
      break;
    default:
      report.error =
          translate(element.err, std::string{owner_->topic()} + "/" + std::to_string(owner_->partition().value),
                    detail.empty() ? rd_kafka_err2str(element.err) : detail);
      break;
  }
}

}  // namespace braid::adapters
