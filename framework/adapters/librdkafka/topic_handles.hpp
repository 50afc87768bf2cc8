#pragma once

#include "adapters/librdkafka/rdkafka_handles.hpp"

#include <braid/result.hpp>

#include <librdkafka/rdkafka.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace braid::adapters {

// librdkafka's handles of the topics that a producer sends to, made when first needed, each with its own settings
// where there are some. They are found by their names without a lock, since that is done for every record:
//
//   table   slots of handles, found from the name's hash onwards; only ever filled. One that is half full is
//   followed
//           by one of twice the size; the former ones stay, for who still looks into them
//
// Thread: any.
class TopicHandles {
 public:
  using Settings = std::map<std::string, std::map<std::string, std::string>>;
  // `rk` outlives it.
  TopicHandles(rd_kafka_t* rk, Settings settings);

  // An error of kind invalid_setting, or what librdkafka says of the name.
  Result<rd_kafka_topic_t*> get(std::string_view topic);

  // What is wrong with settings of topics, before there is a client.
  [[nodiscard]] static Result<void> check(rd_kafka_conf_t& conf, const Settings& settings);

 private:
  struct DestroyTopic {
    void operator()(rd_kafka_topic_t* topic) const noexcept { rd_kafka_topic_destroy(topic); }
  };
  struct Entry {
    std::string name;
    std::unique_ptr<rd_kafka_topic_t, DestroyTopic> topic;
  };
  struct Table {
    explicit Table(std::size_t size) : slots(size) {}
    std::vector<std::atomic<const Entry*>> slots;  // a power of two
    std::size_t used = 0;
  };
  [[nodiscard]] static const Entry* find(const Table& table, std::string_view topic);
  static void place(Table& table, const Entry& entry);
  Result<rd_kafka_topic_t*> make(std::string_view topic);

  rd_kafka_t* const rk_;
  const Settings settings_;
  std::atomic<Table*> table_;
  std::mutex mutex_;  // rare: a topic's first record
  // With the mutex.
  std::vector<std::unique_ptr<Table>> tables_;
  std::vector<std::unique_ptr<Entry>> entries_;
};

}  // namespace braid::adapters
