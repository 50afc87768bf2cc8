#include "kafka_admin.hpp"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <functional>
#include <stdexcept>
#include <utility>

namespace braid::integration {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds patience{30};
constexpr int request_timeout_ms = 10'000;

template <auto Destroy>
struct Destroyer {
  template <typename T>
  void operator()(T* object) const {
    Destroy(object);
  }
};
template <typename T, auto Destroy>
using Owned = std::unique_ptr<T, Destroyer<Destroy>>;

using Event = Owned<rd_kafka_event_t, rd_kafka_event_destroy>;
using Queue = Owned<rd_kafka_queue_t, rd_kafka_queue_destroy>;
using Options = Owned<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>;
using NewTopic = Owned<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy>;
using DeleteTopic = Owned<rd_kafka_DeleteTopic_t, rd_kafka_DeleteTopic_destroy>;
using Partitions = Owned<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy>;
using GroupRequest = Owned<rd_kafka_ListConsumerGroupOffsets_t, rd_kafka_ListConsumerGroupOffsets_destroy>;

struct Failure {
  rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
  std::string text = {};

  explicit operator bool() const { return code != RD_KAFKA_RESP_ERR_NO_ERROR; }
};

Failure failure(rd_kafka_resp_err_t code, const char* text = nullptr) {
  return {code, text != nullptr ? text : rd_kafka_err2str(code)};
}

// What passes by itself while nodes start, elect leaders, or load a group.
bool passes(rd_kafka_resp_err_t code) {
  constexpr std::array passing = {
      RD_KAFKA_RESP_ERR__TRANSPORT,
      RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,
      RD_KAFKA_RESP_ERR__TIMED_OUT,
      RD_KAFKA_RESP_ERR__WAIT_COORD,
      RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
      RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
      RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
      RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
      RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
      RD_KAFKA_RESP_ERR_NOT_CONTROLLER,
      RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE,
      RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
      RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
      RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
      RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH,
      RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH,
  };
  return std::find(passing.begin(), passing.end(), code) != passing.end();
}

// The first failure in an answer about topics.
Failure first_failure(const rd_kafka_topic_result_t** topics, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (const auto code = rd_kafka_topic_result_error(topics[i])) {
      return failure(code, rd_kafka_topic_result_error_string(topics[i]));
    }
  }
  return {};
}

}  // namespace

class KafkaAdmin::Client {
 public:
  explicit Client(const std::string& bootstrap) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    char text[512];
    const auto set = [&](const char* name, const std::string& value) {
      if (rd_kafka_conf_set(conf, name, value.c_str(), text, sizeof text) != RD_KAFKA_CONF_OK) {
        rd_kafka_conf_destroy(conf);
        throw std::runtime_error(text);
      }
    };
    set("bootstrap.servers", bootstrap);
    set("client.id", "braid-tests-admin");
    set("reconnect.backoff.max.ms", "500");
    // Ends are those of the log, also while a transaction is open.
    set("isolation.level", "read_uncommitted");
    // Nodes that tests kill are no news.
    set("log_level", "2");
    // A consumer, though it consumes nothing: asked for a group's positions while the group has no coordinator,
    // other clients crash (2.0.2).
    set("group.id", "braid-tests-admin");
    client_.reset(rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text));
    if (client_ == nullptr) {
      rd_kafka_conf_destroy(conf);
      throw std::runtime_error(text);
    }
  }

  rd_kafka_t* get() const { return client_.get(); }

  // Runs the step until it succeeds, or fails in a way that does not pass, or time is up.
  void insist(const std::string& what, const std::function<Failure()>& step) {
    const auto deadline = steady_clock::now() + patience;
    while (true) {
      const Failure problem = step();
      if (!problem) return;
      if (!passes(problem.code) || steady_clock::now() > deadline) {
        throw std::runtime_error("Kafka: " + what + ": " + problem.text);
      }
      rd_kafka_poll(get(), 50);
    }
  }

  // Sends one admin request and waits for its answer. `handle` sees the answer only when it carries no error.
  Failure request(rd_kafka_admin_op_t operation,
                  const std::function<void(const rd_kafka_AdminOptions_t*, rd_kafka_queue_t*)>& send,
                  const std::function<Failure(rd_kafka_event_t*)>& handle) {
    const Queue queue(rd_kafka_queue_new(get()));
    const Options options(rd_kafka_AdminOptions_new(get(), operation));
    char text[256];
    if (const auto code =
            rd_kafka_AdminOptions_set_request_timeout(options.get(), request_timeout_ms, text, sizeof text)) {
      return failure(code, text);
    }
    send(options.get(), queue.get());
    // librdkafka answers every request, with a time-out at the latest; the margin only avoids hanging for ever.
    const Event event(rd_kafka_queue_poll(queue.get(), 3 * request_timeout_ms));
    if (event == nullptr) return failure(RD_KAFKA_RESP_ERR__TIMED_OUT);
    if (const auto code = rd_kafka_event_error(event.get())) {
      return failure(code, rd_kafka_event_error_string(event.get()));
    }
    return handle(event.get());
  }

  // How many partitions the topic has, and whether each has a leader.
  struct Topic {
    int partitions = 0;
    bool led = true;
  };
  Failure describe(const std::string& name, Topic& found) {
    found = {};
    const rd_kafka_metadata_t* metadata = nullptr;
    // All topics: to ask for one by name would make the client remember it, and report it when it is deleted.
    if (const auto code = rd_kafka_metadata(get(), 1, nullptr, &metadata, request_timeout_ms)) return failure(code);
    const Owned<const rd_kafka_metadata_t, rd_kafka_metadata_destroy> owner(metadata);
    for (int i = 0; i < metadata->topic_cnt; ++i) {
      const rd_kafka_metadata_topic_t& topic = metadata->topics[i];
      if (name != topic.topic) continue;
      if (topic.err != RD_KAFKA_RESP_ERR_NO_ERROR) return failure(topic.err);
      found.partitions = topic.partition_cnt;
      for (int j = 0; j < topic.partition_cnt; ++j) found.led = found.led && topic.partitions[j].leader >= 0;
    }
    return {};
  }

  int partitions(const std::string& topic) {
    Topic found;
    insist("metadata", [&] { return describe(topic, found); });
    return found.partitions;
  }

  int existing_partitions(const std::string& topic) {
    const int count = partitions(topic);
    if (count == 0) throw std::runtime_error("Kafka: there is no topic " + topic);
    return count;
  }

  using Handle = std::function<void(const rd_kafka_topic_partition_t&)>;

  void for_each_committed(const std::string& group, const std::string& topic, int count, const Handle& handle) {
    const Partitions list(rd_kafka_topic_partition_list_new(count));
    for (int i = 0; i < count; ++i) rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), i);
    const auto send = [&](const rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
      const GroupRequest wanted(rd_kafka_ListConsumerGroupOffsets_new(group.c_str(), list.get()));
      rd_kafka_ListConsumerGroupOffsets_t* raw = wanted.get();
      rd_kafka_ListConsumerGroupOffsets(get(), &raw, 1, options, queue);
    };
    const auto read = [&](rd_kafka_event_t* event) -> Failure {
      std::size_t groups = 0;
      const auto* result = rd_kafka_event_ListConsumerGroupOffsets_result(event);
      const auto** answers = rd_kafka_ListConsumerGroupOffsets_result_groups(result, &groups);
      if (groups != 1) return failure(RD_KAFKA_RESP_ERR__BAD_MSG);
      if (const auto* error = rd_kafka_group_result_error(answers[0])) {
        return failure(rd_kafka_error_code(error), rd_kafka_error_string(error));
      }
      const auto* found = rd_kafka_group_result_partitions(answers[0]);
      for (int i = 0; i < found->cnt; ++i) {
        if (found->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR) return failure(found->elems[i].err);
      }
      for (int i = 0; i < found->cnt; ++i) handle(found->elems[i]);
      return {};
    };
    insist("committed positions of " + group,
           [&] { return request(RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, send, read); });
  }

 private:
  Owned<rd_kafka_t, rd_kafka_destroy> client_;
};

KafkaAdmin::KafkaAdmin(const std::string& bootstrap) : client_(std::make_unique<Client>(bootstrap)) {}
KafkaAdmin::~KafkaAdmin() = default;

void KafkaAdmin::create_topic(const std::string& name, int partitions, int replication,
                              const std::map<std::string, std::string>& config) {
  char text[256];
  const NewTopic topic(rd_kafka_NewTopic_new(name.c_str(), partitions, replication, text, sizeof text));
  if (topic == nullptr) throw std::runtime_error("Kafka: create topic " + name + ": " + text);
  for (const auto& [key, value] : config) {
    if (const auto code = rd_kafka_NewTopic_set_config(topic.get(), key.c_str(), value.c_str())) {
      throw std::runtime_error("Kafka: create topic " + name + ": " + rd_kafka_err2str(code));
    }
  }
  const auto send = [&](const rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
    rd_kafka_NewTopic_t* raw = topic.get();
    rd_kafka_CreateTopics(client_->get(), &raw, 1, options, queue);
  };
  const auto read = [&](rd_kafka_event_t* event) {
    std::size_t count = 0;
    const auto* result = rd_kafka_event_CreateTopics_result(event);
    const auto** topics = rd_kafka_CreateTopics_result_topics(result, &count);
    return first_failure(topics, count);
  };
  bool asked = false;
  client_->insist("create topic " + name, [&] {
    const Failure problem = client_->request(RD_KAFKA_ADMIN_OP_CREATETOPICS, send, read);
    // The answer to an earlier attempt can be lost although the topic was made.
    if (asked && problem.code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) return Failure{};
    asked = true;
    return problem;
  });
  client_->insist("leaders of topic " + name, [&] {
    Client::Topic found;
    if (Failure problem = client_->describe(name, found)) return problem;
    if (found.partitions == partitions && found.led) return Failure{};
    return failure(RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE);
  });
}

void KafkaAdmin::delete_topic(const std::string& name) {
  const DeleteTopic topic(rd_kafka_DeleteTopic_new(name.c_str()));
  const auto send = [&](const rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
    rd_kafka_DeleteTopic_t* raw = topic.get();
    rd_kafka_DeleteTopics(client_->get(), &raw, 1, options, queue);
  };
  const auto read = [&](rd_kafka_event_t* event) {
    std::size_t count = 0;
    const auto* result = rd_kafka_event_DeleteTopics_result(event);
    const auto** topics = rd_kafka_DeleteTopics_result_topics(result, &count);
    return first_failure(topics, count);
  };
  client_->insist("delete topic " + name,
                  [&] { return client_->request(RD_KAFKA_ADMIN_OP_DELETETOPICS, send, read); });
}

int KafkaAdmin::partitions(const std::string& topic) {
  return client_->partitions(topic);
}

std::vector<std::int64_t> KafkaAdmin::end_offsets(const std::string& topic) {
  const int count = client_->existing_partitions(topic);
  std::vector<std::int64_t> ends(static_cast<std::size_t>(count));
  // Not rd_kafka_query_watermark_offsets: with librdkafka 2.0.2 it takes no notice of its timeout and never returns
  // when the leader does not answer.
  client_->insist("end offsets of " + topic, [&] {
    const Partitions list(rd_kafka_topic_partition_list_new(count));
    for (int i = 0; i < count; ++i) {
      rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), i)->offset = RD_KAFKA_OFFSET_END;
    }
    if (const auto code = rd_kafka_offsets_for_times(client_->get(), list.get(), request_timeout_ms)) {
      return failure(code);
    }
    for (int i = 0; i < count; ++i) {
      const rd_kafka_topic_partition_t& found = list->elems[i];
      if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR) return failure(found.err);
      ends.at(static_cast<std::size_t>(found.partition)) = found.offset;
    }
    return Failure{};
  });
  return ends;
}

std::vector<std::int64_t> KafkaAdmin::committed(const std::string& group, const std::string& topic) {
  const int count = client_->existing_partitions(topic);
  std::vector<std::int64_t> positions(static_cast<std::size_t>(count), -1);
  client_->for_each_committed(group, topic, count, [&](const rd_kafka_topic_partition_t& found) {
    positions.at(static_cast<std::size_t>(found.partition)) = found.offset < 0 ? -1 : found.offset;
  });
  return positions;
}

std::vector<std::string> KafkaAdmin::committed_metadata(const std::string& group, const std::string& topic) {
  const int count = client_->existing_partitions(topic);
  std::vector<std::string> metadata(static_cast<std::size_t>(count));
  client_->for_each_committed(group, topic, count, [&](const rd_kafka_topic_partition_t& found) {
    if (found.metadata == nullptr) return;
    metadata.at(static_cast<std::size_t>(found.partition))
        .assign(static_cast<const char*>(found.metadata), found.metadata_size);
  });
  return metadata;
}

}  // namespace braid::integration
