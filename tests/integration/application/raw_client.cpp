#include "integration/application/raw_client.hpp"

#include <librdkafka/rdkafka.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <utility>

namespace braid::integration {
namespace {

struct Destroy {
  void operator()(rd_kafka_t* client) const { rd_kafka_destroy(client); }
  void operator()(rd_kafka_topic_partition_list_t* list) const { rd_kafka_topic_partition_list_destroy(list); }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
  void operator()(rd_kafka_DeleteRecords_t* order) const { rd_kafka_DeleteRecords_destroy(order); }
  void operator()(rd_kafka_NewPartitions_t* order) const { rd_kafka_NewPartitions_destroy(order); }
  void operator()(rd_kafka_AclBinding_t* binding) const { rd_kafka_AclBinding_destroy(binding); }
};
template <class T>
using Owned = std::unique_ptr<T, Destroy>;

constexpr int kTimeoutMs = 30'000;

Owned<rd_kafka_t> make(rd_kafka_type_t type, const std::string& bootstrap,
                       std::vector<std::pair<std::string, std::string>> settings) {
  settings.emplace_back("bootstrap.servers", bootstrap);
  settings.emplace_back("log_level", "2");
  std::array<char, 512> text{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), text.data(), text.size()) != RD_KAFKA_CONF_OK) {
      throw std::runtime_error(text.data());
    }
  }
  Owned<rd_kafka_t> client(rd_kafka_new(type, conf, text.data(), text.size()));
  if (!client) throw std::runtime_error(text.data());
  return client;
}

void require(rd_kafka_error_t* error, const char* what) {
  if (error == nullptr) return;
  const std::string text = std::string(what) + ": " + rd_kafka_error_string(error);
  rd_kafka_error_destroy(error);
  throw std::runtime_error(text);
}

void require(rd_kafka_resp_err_t code, const char* what) {
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
    throw std::runtime_error(std::string(what) + ": " + rd_kafka_err2str(code));
}

// What an admin request is answered with, which must be no error.
Owned<rd_kafka_event_t> answer_of(rd_kafka_queue_t* queue, const char* what) {
  Owned<rd_kafka_event_t> event(rd_kafka_queue_poll(queue, kTimeoutMs));
  if (!event) throw std::runtime_error(std::string(what) + ": no answer");
  require(rd_kafka_event_error(event.get()), what);
  return event;
}

// The same call makes a binding and a filter, which differ in their making alone.
template <auto Make>
Owned<rd_kafka_AclBinding_t> reading(const std::string& user, Resource kind, const std::string& name) {
  std::array<char, 512> text{};
  Owned<rd_kafka_AclBinding_t> binding(
      Make(kind == Resource::topic ? RD_KAFKA_RESOURCE_TOPIC : RD_KAFKA_RESOURCE_GROUP, name.c_str(),
           RD_KAFKA_RESOURCE_PATTERN_LITERAL, ("User:" + user).c_str(), "*", RD_KAFKA_ACL_OPERATION_READ,
           RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, text.data(), text.size()));
  if (!binding) throw std::runtime_error(text.data());
  return binding;
}

}  // namespace

void produce_transaction(const std::string& bootstrap, const std::string& topic,
                         const std::vector<std::string>& payloads, bool commit) {
  const auto client = make(RD_KAFKA_PRODUCER, bootstrap, {{"transactional.id", topic + "-writer"}});
  require(rd_kafka_init_transactions(client.get(), kTimeoutMs), "init_transactions");
  require(rd_kafka_begin_transaction(client.get()), "begin_transaction");
  for (const std::string& payload : payloads) {
    require(rd_kafka_producev(client.get(), RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(0),
                              RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY("k", 1),
                              RD_KAFKA_V_VALUE(const_cast<char*>(payload.data()), payload.size()), RD_KAFKA_V_END),
            "produce");
  }
  // What is aborted must have reached the log, or it leaves no hole.
  require(rd_kafka_flush(client.get(), kTimeoutMs), "flush");
  if (commit) {
    require(rd_kafka_commit_transaction(client.get(), kTimeoutMs), "commit_transaction");
  } else {
    require(rd_kafka_abort_transaction(client.get(), kTimeoutMs), "abort_transaction");
  }
}

void delete_records_before(const std::string& bootstrap, const std::string& topic, std::int64_t offset) {
  const auto client = make(RD_KAFKA_PRODUCER, bootstrap, {});
  const Owned<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), 0)->offset = offset;
  const Owned<rd_kafka_DeleteRecords_t> order(rd_kafka_DeleteRecords_new(list.get()));
  const Owned<rd_kafka_queue_t> queue(rd_kafka_queue_new(client.get()));
  rd_kafka_DeleteRecords_t* orders = order.get();
  rd_kafka_DeleteRecords(client.get(), &orders, 1, nullptr, queue.get());
  const auto event = answer_of(queue.get(), "delete records");
  const auto* answer = rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event.get()));
  require(answer->elems[0].err, "delete records");
}

void commit_position(const std::string& bootstrap, const std::string& group, const std::string& topic,
                     std::int64_t position) {
  const auto client = make(RD_KAFKA_CONSUMER, bootstrap, {{"group.id", group}});
  const Owned<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), 0)->offset = position;
  require(rd_kafka_commit(client.get(), list.get(), 0), "commit");
}

void produce_at(const std::string& bootstrap, const std::string& topic, const std::vector<std::string>& payloads,
                std::chrono::system_clock::time_point made) {
  const auto client = make(RD_KAFKA_PRODUCER, bootstrap, {});
  const std::int64_t ms = std::chrono::duration_cast<std::chrono::milliseconds>(made.time_since_epoch()).count();
  for (const std::string& payload : payloads) {
    require(rd_kafka_producev(client.get(), RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(0),
                              RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY("k", 1),
                              RD_KAFKA_V_VALUE(const_cast<char*>(payload.data()), payload.size()),
                              RD_KAFKA_V_TIMESTAMP(ms), RD_KAFKA_V_END),
            "produce");
  }
  require(rd_kafka_flush(client.get(), kTimeoutMs), "flush");
}

void grow_topic(const std::string& bootstrap, const std::string& topic, int partitions) {
  const auto client = make(RD_KAFKA_PRODUCER, bootstrap, {});
  std::array<char, 512> text{};
  const Owned<rd_kafka_NewPartitions_t> order(
      rd_kafka_NewPartitions_new(topic.c_str(), static_cast<std::size_t>(partitions), text.data(), text.size()));
  if (!order) throw std::runtime_error(text.data());
  const Owned<rd_kafka_queue_t> queue(rd_kafka_queue_new(client.get()));
  rd_kafka_NewPartitions_t* orders = order.get();
  rd_kafka_CreatePartitions(client.get(), &orders, 1, nullptr, queue.get());
  const auto event = answer_of(queue.get(), "create partitions");
  std::size_t count = 0;
  const auto** topics =
      rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event.get()), &count);
  for (std::size_t i = 0; i < count; ++i) require(rd_kafka_topic_result_error(topics[i]), "create partitions");
}

void allow_reading(const std::string& bootstrap, const std::string& user, Resource kind, const std::string& name) {
  const auto client = make(RD_KAFKA_PRODUCER, bootstrap, {});
  const auto binding = reading<rd_kafka_AclBinding_new>(user, kind, name);
  const Owned<rd_kafka_queue_t> queue(rd_kafka_queue_new(client.get()));
  rd_kafka_AclBinding_t* bindings = binding.get();
  rd_kafka_CreateAcls(client.get(), &bindings, 1, nullptr, queue.get());
  const auto event = answer_of(queue.get(), "create access lists");
  std::size_t count = 0;
  const auto** results = rd_kafka_CreateAcls_result_acls(rd_kafka_event_CreateAcls_result(event.get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    if (const rd_kafka_error_t* error = rd_kafka_acl_result_error(results[i])) {
      throw std::runtime_error(rd_kafka_error_string(error));
    }
  }
}

void forbid_reading(const std::string& bootstrap, const std::string& user, Resource kind, const std::string& name) {
  const auto client = make(RD_KAFKA_PRODUCER, bootstrap, {});
  const auto filter = reading<rd_kafka_AclBindingFilter_new>(user, kind, name);
  const Owned<rd_kafka_queue_t> queue(rd_kafka_queue_new(client.get()));
  rd_kafka_AclBindingFilter_t* filters = filter.get();
  rd_kafka_DeleteAcls(client.get(), &filters, 1, nullptr, queue.get());
  const auto event = answer_of(queue.get(), "delete access lists");
}

namespace {

std::vector<std::string> read_all(const std::string& bootstrap, const std::string& topic, int partitions,
                                  const char* isolation) {
  const auto client = make(RD_KAFKA_CONSUMER, bootstrap,
                           {{"group.id", topic + "-reader"},
                            {"isolation.level", isolation},
                            {"enable.auto.commit", "false"},
                            {"auto.offset.reset", "earliest"},
                            {"enable.partition.eof", "true"}});
  const Owned<rd_kafka_topic_partition_list_t> all(rd_kafka_topic_partition_list_new(partitions));
  for (int i = 0; i < partitions; ++i) {
    rd_kafka_topic_partition_list_add(all.get(), topic.c_str(), i)->offset = RD_KAFKA_OFFSET_BEGINNING;
  }
  require(rd_kafka_assign(client.get(), all.get()), "assign");
  std::vector<std::string> payloads;
  int ended = 0;
  while (ended < partitions) {
    rd_kafka_message_t* const message = rd_kafka_consumer_poll(client.get(), kTimeoutMs);
    if (message == nullptr) throw std::runtime_error("nothing comes of " + topic);
    const rd_kafka_resp_err_t code = message->err;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
      payloads.emplace_back(static_cast<const char*>(message->payload), message->len);
    }
    rd_kafka_message_destroy(message);
    if (code == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      ++ended;
    } else if (code != RD_KAFKA_RESP_ERR__TRANSPORT && code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
      require(code, "consume");
    }
  }
  rd_kafka_consumer_close(client.get());
  return payloads;
}

}  // namespace

std::vector<std::string> read_committed(const std::string& bootstrap, const std::string& topic, int partitions) {
  return read_all(bootstrap, topic, partitions, "read_committed");
}

std::size_t count_written(const std::string& bootstrap, const std::string& topic, int partitions) {
  return read_all(bootstrap, topic, partitions, "read_uncommitted").size();
}

}  // namespace braid::integration
