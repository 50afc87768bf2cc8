// The part of RdkafkaConsumerClient that changes the assignment.

#include "adapters/librdkafka/consumer_client.hpp"
#include "adapters/librdkafka/rdkafka_errors.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>

namespace braid::adapters {
namespace {

// An answer comes from the client's own main thread; it does not depend on a broker. For all of a rebalance, which
// they keep waiting.
constexpr std::chrono::milliseconds kSeekAnswers{200};
// Of a leader that is asked where something is; twice for one restart at most.
constexpr std::chrono::milliseconds kLookUpAnswer{1000};
constexpr std::chrono::seconds kLookForQuiet{1};

struct TopicDeleter {
  void operator()(rd_kafka_topic_t* topic) const noexcept { rd_kafka_topic_destroy(topic); }
};
using TopicPtr = std::unique_ptr<rd_kafka_topic_t, TopicDeleter>;

std::vector<engine::TopicPartition> to_partitions(const rd_kafka_topic_partition_list_t& list) {
  std::vector<engine::TopicPartition> partitions;
  partitions.reserve(static_cast<std::size_t>(list.cnt));
  for (int i = 0; i < list.cnt; ++i) {
    partitions.push_back({list.elems[i].topic, PartitionNumber{list.elems[i].partition}});
  }
  return partitions;
}

Result<void> outcome_of(rd_kafka_error_t* raw, std::string_view context) {
  if (raw == nullptr) return {};
  const ErrorPtr error{raw};
  return translate(*error, context);
}

std::int64_t to_offset(engine::StartPoint start) {
  switch (start.kind) {
    case engine::StartPoint::Kind::earliest:
      return RD_KAFKA_OFFSET_BEGINNING;
    case engine::StartPoint::Kind::latest:
      return RD_KAFKA_OFFSET_END;
    case engine::StartPoint::Kind::at:
    case engine::StartPoint::Kind::time:  // looked up
      break;
  }
  return start.at.value;
}

}  // namespace

void RdkafkaConsumerClient::rebalance_cb(rd_kafka_t*, rd_kafka_resp_err_t code,
                                         rd_kafka_topic_partition_list_t* list, void* opaque) noexcept {
  static_cast<RdkafkaConsumerClient*>(opaque)->handle_rebalance(code, *list);
}

// No exception may cross librdkafka's frames, and it waits for the (un)assign whatever happens here.
void RdkafkaConsumerClient::handle_rebalance(rd_kafka_resp_err_t code,
                                             const rd_kafka_topic_partition_list_t& list) noexcept {
  answered_ = false;
  std::vector<engine::TopicPartition> partitions;
  try {
    partitions = to_partitions(list);
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
      note_group_joined();
      if (events_ != nullptr) events_->handle_assigned(partitions);
    } else if (code == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) {
      const bool lost = rd_kafka_assignment_lost(handle_->rk()) != 0;
      if (events_ != nullptr) events_->handle_revoked(partitions, lost);
    } else {
      rd_kafka_assign(handle_->rk(), nullptr);
      assigned_.clear();
      answered_ = true;
      if (events_ != nullptr) events_->handle_error(translate(code, "rebalance"));
    }
  } catch (...) {
    if (!escaped_) escaped_ = std::current_exception();
  }
  try {
    if (!answered_) {
      // Whoever handled it has failed. An assignment that nobody serves is kept, so that the group goes on; its
      // messages stay uncommitted.
      const Result<void> outcome =
          code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS ? assign(partitions) : unassign(partitions);
      if (!outcome.ok()) log_.write(engine::LogLevel::error, "kafka", outcome.error().text());
    }
    queues_->waker.wake_for_a_while(std::chrono::steady_clock::now());
    if (code != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
      handle_->gate().close_for_a_moment(std::chrono::steady_clock::now());
  } catch (...) {
    if (!escaped_) escaped_ = std::current_exception();
  }
}

bool RdkafkaConsumerClient::cooperative() const {
  // Asked each time: it changes with the group, and is NONE before the first join. After the close it may not be
  // asked.
  const char* protocol = closed() ? nullptr : rd_kafka_rebalance_protocol(handle_->rk());
  return protocol != nullptr && std::string_view{protocol} == "COOPERATIVE";
}

Result<void> RdkafkaConsumerClient::replace_assignment(std::span<const engine::TopicPartition> partitions) {
  const PartitionListPtr list = make_partition_list(partitions);
  const auto code = rd_kafka_assign(handle_->rk(), list.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return translate(code, "assign");
  assigned_.clear();
  assigned_.insert(partitions.begin(), partitions.end());
  stranded_.clear();
  return {};
}

// No resume here: a pause would survive an unassign, but this client never pauses, and librdkafka before 2.4 can
// rewind a partition that is resumed without having been paused.
Result<void> RdkafkaConsumerClient::assign(std::span<const engine::TopicPartition> partitions) {
  answered_ = true;
  if (!partitions.empty()) handle_->set_assigned();
  if (!cooperative()) return replace_assignment(partitions);
  const PartitionListPtr list = make_partition_list(partitions);
  auto outcome = outcome_of(rd_kafka_incremental_assign(handle_->rk(), list.get()), "assign");
  if (outcome.ok()) assigned_.insert(partitions.begin(), partitions.end());
  return outcome;
}

Result<void> RdkafkaConsumerClient::unassign(std::span<const engine::TopicPartition> partitions) {
  answered_ = true;
  Result<void> outcome;
  if (cooperative()) {
    const PartitionListPtr list = make_partition_list(partitions);
    outcome = outcome_of(rd_kafka_incremental_unassign(handle_->rk(), list.get()), "unassign");
    for (const engine::TopicPartition& partition : partitions) {
      assigned_.erase(partition);
      stranded_.erase(partition);
    }
  } else {
    const auto code = rd_kafka_assign(handle_->rk(), nullptr);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) outcome = translate(code, "unassign");
    assigned_.clear();
    stranded_.clear();
  }
  queues_->empty_given_back();
  return outcome;
}

// One by one, with a short wait for each answer, as only that tells of a partition that is not being fetched: an
// element that said why ("offset out of range") can have been purged with the prefetch, and then neither a message
// nor an error would ever come. Such a one is assigned anew, and so is one of which no answer comes in time: it may
// be either.
void RdkafkaConsumerClient::reposition(std::span<const engine::StoredPosition> retained) {
  const auto until = std::chrono::steady_clock::now() + kSeekAnswers;
  for (const engine::StoredPosition& stored : retained) {
    if (!stored.position || !assigned_.contains(stored.partition)) continue;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    queues_->progress[stored.partition].next = stored.position->value;
    const TopicPtr topic{rd_kafka_topic_new(handle_->rk(), stored.partition.topic.c_str(), nullptr)};
    const auto code = rd_kafka_seek(topic.get(), stored.partition.partition.value, stored.position->value,
                                    static_cast<int>(std::max<std::chrono::milliseconds::rep>(left.count(), 1)));
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    const std::string name = stored.partition.topic + "/" + std::to_string(stored.partition.partition.value);
    log_.write(engine::LogLevel::debug, "kafka",
               "reposition of " + name + ": " + rd_kafka_err2str(code) + "; assigned anew");
    stranded_[stored.partition] = std::chrono::steady_clock::now();
  }
}

Result<std::optional<CommitPosition>> RdkafkaConsumerClient::restart_at(const engine::TopicPartition& partition,
                                                                        engine::StartPoint start) {
  if (!assigned_.contains(partition)) {
    return Error{Error::Kind::other, "restart of " + partition.topic + "/" +
                                         std::to_string(partition.partition.value) + ": it is not assigned"};
  }
  std::int64_t offset = to_offset(start);
  // The end is settled once: asked for again, after a rebalance, it would have moved past what came meanwhile.
  const bool by_time = start.kind == engine::StartPoint::Kind::time;
  if (by_time || offset == RD_KAFKA_OFFSET_END || (offset < 0 && start.as_a_number)) {
    const auto found = by_time ? first_since(partition, start.time) : bound_of(partition, offset);
    if (!found && (by_time || start.as_a_number)) {
      return Error{Error::Kind::timed_out,
                   "restart of " + partition.topic + "/" + std::to_string(partition.partition.value) +
                       ": its leader does not say where that is; tried again each second",
                   true};
    }
    offset = found.value_or(offset);
  }
  queues_->progress[partition] = {.next = offset, .restarted = true};
  stranded_.erase(partition);
  const auto outcome = cooperative() ? restart_cooperative(partition, offset) : restart_eager(partition, offset);
  queues_->waker.wake_for_a_while(std::chrono::steady_clock::now());
  if (!outcome.ok()) return outcome.error();
  if (offset < 0) return std::optional<CommitPosition>{};
  return std::optional<CommitPosition>{CommitPosition{offset}};
}

// Where the log begins or ends now; nothing where the leader does not say so in time.
std::optional<std::int64_t> RdkafkaConsumerClient::bound_of(const engine::TopicPartition& partition,
                                                            std::int64_t which) {
  const auto offset = look_up(partition, which);
  return offset && *offset >= 0 ? offset : std::nullopt;
}

// The first message of that time or later; the end, if there is none.
std::optional<std::int64_t> RdkafkaConsumerClient::first_since(const engine::TopicPartition& partition,
                                                               std::chrono::system_clock::time_point time) {
  // Up, since a message of the millisecond that `time` is in may be earlier.
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(time.time_since_epoch()).count();
  const auto offset = look_up(partition, ms);
  return offset && *offset < 0 ? bound_of(partition, RD_KAFKA_OFFSET_END) : offset;
}

// Kafka's ListOffsets, for a time in ms, or for one of librdkafka's two names of a bound. Negative: there is none.
std::optional<std::int64_t> RdkafkaConsumerClient::look_up(const engine::TopicPartition& partition,
                                                           std::int64_t time_or_bound) {
  const PartitionListPtr list = make_partition_list({&partition, 1});
  list->elems[0].offset = time_or_bound;
  const auto code = rd_kafka_offsets_for_times(handle_->rk(), list.get(), static_cast<int>(kLookUpAnswer.count()));
  const rd_kafka_topic_partition_t& answer = list->elems[0];
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR || answer.err != RD_KAFKA_RESP_ERR_NO_ERROR) return std::nullopt;
  return answer.offset;
}

Result<void> RdkafkaConsumerClient::restart_cooperative(const engine::TopicPartition& partition,
                                                        std::int64_t offset) {
  const PartitionListPtr list = make_partition_list({&partition, 1});
  auto outcome = outcome_of(rd_kafka_incremental_unassign(handle_->rk(), list.get()), "restart");
  if (!outcome.ok()) return outcome;
  list->elems[0].offset = offset;
  return outcome_of(rd_kafka_incremental_assign(handle_->rk(), list.get()), "restart");
}

// The eager protocol refuses incremental changes, so that the whole assignment is given anew, the others where they
// are to go on. Their prefetch is fetched again.
Result<void> RdkafkaConsumerClient::restart_eager(const engine::TopicPartition& partition, std::int64_t offset) {
  const std::vector<engine::TopicPartition> all(assigned_.begin(), assigned_.end());
  const PartitionListPtr list = make_partition_list(all);
  for (int i = 0; i < list->cnt; ++i) {
    const engine::TopicPartition& name = all[static_cast<std::size_t>(i)];
    list->elems[i].offset = name == partition ? offset : queues_->progress[name].next;
  }
  const auto code = rd_kafka_assign(handle_->rk(), list.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return translate(code, "restart");
  return {};
}

// Nothing at all was ever fetched of it. A fetch tells the high watermark, be there messages or not: from then on
// an idle partition, or one behind an open transaction, can't be told from one that is not fetched.
bool RdkafkaConsumerClient::never_fetched(const engine::TopicPartition& partition, const Progress& progress) const {
  // Where the end is not settled, asking for it anew would skip what has come meanwhile.
  if (progress.next == RD_KAFKA_OFFSET_END) return false;
  std::int64_t low = RD_KAFKA_OFFSET_INVALID;
  std::int64_t high = RD_KAFKA_OFFSET_INVALID;
  const auto code = rd_kafka_get_watermark_offsets(handle_->rk(), partition.topic.c_str(),
                                                   partition.partition.value, &low, &high);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0) return false;
  const QueuePtr queue{
      rd_kafka_queue_get_partition(handle_->rk(), partition.topic.c_str(), partition.partition.value)};
  return !queue || rd_kafka_queue_length(queue.get()) == 0;
}

// What is assigned, not fetched, and not said to be in trouble, is assigned anew, where it should be. While no
// broker answers that changes nothing, and comes ever less often.
void RdkafkaConsumerClient::look_for_quiet(std::chrono::steady_clock::time_point now) {
  if (now < next_look_for_quiet_) return;
  next_look_for_quiet_ = now + kLookForQuiet;
  for (const engine::TopicPartition& partition : assigned_) {
    Progress& progress = queues_->progress[partition];
    if (!never_fetched(partition, progress)) ++progress.heard;
    if (!progress.watch.too_quiet(progress.heard, now) || stranded_.contains(partition)) continue;
    log_.write(engine::LogLevel::info, "kafka",
               partition.topic + "/" + std::to_string(partition.partition.value) +
                   ": nothing comes of it though it is assigned; assigned anew");
    stranded_[partition] = now;
  }
}

// librdkafka gives up on a partition whose stored position it could not read, until it is assigned anew.
void RdkafkaConsumerClient::restart_stranded(std::chrono::steady_clock::time_point now) {
  for (auto it = stranded_.begin(); it != stranded_.end();) {
    const auto [partition, due] = *it;
    if (assigned_.contains(partition) && now < due) {
      ++it;
      continue;
    }
    it = stranded_.erase(it);
    if (!assigned_.contains(partition)) continue;
    const std::int64_t offset = queues_->progress[partition].next;
    const auto outcome = cooperative() ? restart_cooperative(partition, offset) : restart_eager(partition, offset);
    if (!outcome.ok()) log_.write(engine::LogLevel::error, "kafka", outcome.error().text());
  }
}

}  // namespace braid::adapters
