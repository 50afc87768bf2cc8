#include "adapters/librdkafka/group_replies.hpp"

#include "adapters/librdkafka/rdkafka_errors.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace braid::adapters {
namespace {

// On librdkafka's thread and under its queue lock: no call of librdkafka in here.
void signal_ready(rd_kafka_t*, void* opaque) {
  static_cast<engine::ReadySignal*>(opaque)->on_ready();
}

void* to_opaque(std::uint64_t token) {
  return reinterpret_cast<void*>(static_cast<std::uintptr_t>(token));
}
std::uint64_t to_token(void* opaque) {
  return reinterpret_cast<std::uintptr_t>(opaque);
}

// What concerns a topic and not the group: the others of a request are served.
bool of_its_topic(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE:
      return true;
    default:
      return false;
  }
}

// Nothing to commit is no failure. The code of the whole says more than that of one partition, unless it is one's.
//
// The library ends such an answer with its last partition's code, and copies that to all that have none (as of
// 2.0.2, rd_kafka_cgrp_update_committed_offsets): where all are refused, one may have been.
engine::CommitOutcome outcome_of(rd_kafka_resp_err_t whole, const rd_kafka_topic_partition_list_t* list) {
  engine::CommitOutcome outcome;
  for (int i = 0; list != nullptr && i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& element = list->elems[i];
    if (element.err == RD_KAFKA_RESP_ERR_NO_ERROR || element.err == RD_KAFKA_RESP_ERR__NO_OFFSET) continue;
    Error error = translate(element.err, "commit of " + std::string{element.topic});
    if (!of_its_topic(element.err)) return Result<void>{std::move(error)};
    outcome.refused.push_back({{element.topic, PartitionNumber{element.partition}}, std::move(error)});
  }
  const bool well = whole == RD_KAFKA_RESP_ERR_NO_ERROR || whole == RD_KAFKA_RESP_ERR__NO_OFFSET;
  if (!well && outcome.refused.empty()) outcome.all = translate(whole, "commit");
  outcome.unsure =
      list != nullptr && list->cnt > 1 && outcome.refused.size() == static_cast<std::size_t>(list->cnt);
  return outcome;
}

void set_metadata(rd_kafka_topic_partition_t& element, const std::string& metadata) {
  // librdkafka frees it with the list, so it must come from malloc.
  element.metadata = strdup(metadata.c_str());
  element.metadata_size = metadata.size();
}

}  // namespace

bool metadata_is_safe(std::string_view metadata, std::size_t most) {
  return metadata.size() <= most &&
         std::all_of(metadata.begin(), metadata.end(), [](char c) { return c > 0 && c < 127; });
}

GroupReplies::GroupReplies(rd_kafka_t* rk, std::string group_id, std::chrono::milliseconds positions_timeout,
                           std::size_t metadata_bytes, engine::Log& log)
    : rk_(rk),
      group_id_(std::move(group_id)),
      positions_timeout_(positions_timeout),
      metadata_bytes_(metadata_bytes),
      log_(log),
      queue_(rd_kafka_queue_new(rk)) {}

GroupReplies::~GroupReplies() {
  signal(nullptr);
}

void GroupReplies::signal(engine::ReadySignal* ready) {
  ready_ = ready;
  rd_kafka_queue_cb_event_enable(queue_.get(), ready == nullptr ? nullptr : &signal_ready, ready);
}

void GroupReplies::answer_at_once(Ready ready) {
  at_once_.push_back(std::move(ready));
  if (ready_ != nullptr) ready_->on_ready();
}

void GroupReplies::read_positions(std::span<const engine::TopicPartition> partitions, std::uint64_t token) {
  asked_[token].assign(partitions.begin(), partitions.end());
  if (partitions.empty()) {
    answer_at_once({.token = token, .is_commit = false, .error = {}, .failed = false});
    return;
  }
  const PartitionListPtr list = make_partition_list(partitions);
  const ListOffsetsPtr request{rd_kafka_ListConsumerGroupOffsets_new(group_id_.c_str(), list.get())};
  const AdminOptionsPtr options{rd_kafka_AdminOptions_new(rk_, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS)};
  std::array<char, 256> reason{};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), static_cast<int>(positions_timeout_.count()),
                                            reason.data(), reason.size());
  // A position that a transaction is about to change is not read too early; brokers without the notion ignore it.
  if (rd_kafka_error_t* error = rd_kafka_AdminOptions_set_require_stable_offsets(options.get(), 1)) {
    rd_kafka_error_destroy(error);
  }
  rd_kafka_AdminOptions_set_opaque(options.get(), to_opaque(token));
  rd_kafka_ListConsumerGroupOffsets_t* requests[] = {request.get()};
  rd_kafka_ListConsumerGroupOffsets(rk_, requests, 1, options.get(), queue_.get());
}

void GroupReplies::commit(std::span<const engine::StoredPosition> positions, std::uint64_t token) {
  const PartitionListPtr list{rd_kafka_topic_partition_list_new(static_cast<int>(positions.size()))};
  for (const engine::StoredPosition& stored : positions) {
    if (!stored.position) continue;
    rd_kafka_topic_partition_t* element = rd_kafka_topic_partition_list_add(
        list.get(), stored.partition.topic.c_str(), stored.partition.partition.value);
    element->offset = stored.position->value;
    if (stored.metadata.empty()) continue;
    if (metadata_is_safe(stored.metadata, metadata_bytes_)) {
      set_metadata(*element, stored.metadata);
    } else {
      // Metadata only saves work: the position is right without it.
      log_.write(engine::LogLevel::warning, "kafka",
                 "commit of " + stored.partition.topic + "/" + std::to_string(stored.partition.partition.value) +
                     ": metadata of " + std::to_string(stored.metadata.size()) +
                     " bytes left out, it must be ASCII and at most " + std::to_string(metadata_bytes_) + " bytes");
    }
  }
  if (list->cnt == 0) {
    answer_at_once({.token = token, .is_commit = true, .error = {}, .failed = false});
    return;
  }
  const auto code = rd_kafka_commit_queue(rk_, list.get(), queue_.get(), nullptr, to_opaque(token));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    answer_at_once({.token = token, .is_commit = true, .error = translate(code, "commit"), .failed = true});
  }
}

void GroupReplies::serve(engine::ConsumerEvents& events) {
  // Handlers may ask again, so only what was there at the beginning is answered now.
  for (std::size_t count = at_once_.size(); count > 0 && !at_once_.empty(); --count) {
    const Ready ready = std::move(at_once_.front());
    at_once_.pop_front();
    if (ready.is_commit) {
      events.handle_committed(ready.token, ready.failed ? Result<void>{ready.error} : Result<void>{});
    } else {
      asked_.erase(ready.token);
      events.handle_positions(ready.token, std::vector<engine::StoredPosition>{});
    }
  }
  while (EventPtr event{rd_kafka_queue_poll(queue_.get(), 0)}) serve_event(*event, events);
}

void GroupReplies::serve_event(rd_kafka_event_t& event, engine::ConsumerEvents& events) {
  const std::uint64_t token = to_token(rd_kafka_event_opaque(&event));
  switch (rd_kafka_event_type(&event)) {
    case RD_KAFKA_EVENT_OFFSET_COMMIT: {
      events.handle_committed(
          token, outcome_of(rd_kafka_event_error(&event), rd_kafka_event_topic_partition_list(&event)));
      break;
    }
    case RD_KAFKA_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT: {
      const auto asked = asked_.extract(token);
      if (asked.empty()) break;
      events.handle_positions(token, positions_of(event, asked.mapped()));
      break;
    }
    default:
      break;
  }
}

Result<std::vector<engine::StoredPosition>> GroupReplies::positions_of(
    rd_kafka_event_t& event, const std::vector<engine::TopicPartition>& asked) const {
  constexpr std::string_view kContext = "reading the group's positions";
  if (const auto code = rd_kafka_event_error(&event); code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* text = rd_kafka_event_error_string(&event);
    return translate(code, kContext, text == nullptr ? rd_kafka_err2str(code) : text);
  }
  size_t count = 0;
  const rd_kafka_group_result_t** groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
      rd_kafka_event_ListConsumerGroupOffsets_result(&event), &count);
  if (count != 1) return Error{Error::Kind::other, std::string{kContext} + ": no answer for the group", true};
  if (const rd_kafka_error_t* error = rd_kafka_group_result_error(groups[0])) return translate(*error, kContext);

  const rd_kafka_topic_partition_list_t* list = rd_kafka_group_result_partitions(groups[0]);
  std::vector<engine::StoredPosition> positions;
  positions.reserve(asked.size());
  for (const engine::TopicPartition& partition : asked) {
    const rd_kafka_topic_partition_t* element =
        list == nullptr ? nullptr
                        : rd_kafka_topic_partition_list_find(const_cast<rd_kafka_topic_partition_list_t*>(list),
                                                             partition.topic.c_str(), partition.partition.value);
    const std::string name = partition.topic + "/" + std::to_string(partition.partition.value);
    // Not known is not the same as nothing stored: a start by policy would lose or repeat.
    if (element == nullptr) {
      return Error{Error::Kind::other, std::string{kContext} + ": no answer for " + name, true};
    }
    engine::StoredPosition stored{.partition = partition, .position = std::nullopt, .metadata = {}};
    if (element->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      Error error = translate(element->err, std::string{kContext} + " of " + partition.topic);
      if (!of_its_topic(element->err)) return error;
      stored.trouble = std::move(error);
      positions.push_back(std::move(stored));
      continue;
    }
    if (element->offset >= 0) stored.position = CommitPosition{element->offset};
    if (element->metadata != nullptr) {
      stored.metadata.assign(static_cast<const char*>(element->metadata), element->metadata_size);
    }
    positions.push_back(std::move(stored));
  }
  return positions;
}

}  // namespace braid::adapters
