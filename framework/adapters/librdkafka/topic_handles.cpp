#include "adapters/librdkafka/topic_handles.hpp"

#include "adapters/librdkafka/rdkafka_errors.hpp"

#include <functional>

namespace braid::adapters {

namespace {

constexpr std::size_t kFirstSize = 16;

std::size_t hash_of(std::string_view topic) {
  return std::hash<std::string_view>()(topic);
}

struct DestroyConf {
  void operator()(rd_kafka_topic_conf_t* conf) const noexcept { rd_kafka_topic_conf_destroy(conf); }
};
using TopicConfPtr = std::unique_ptr<rd_kafka_topic_conf_t, DestroyConf>;

Result<void> apply(rd_kafka_topic_conf_t& conf, const std::string& topic,
                   const std::map<std::string, std::string>& settings) {
  std::array<char, 512> reason{};
  for (const auto& [key, value] : settings) {
    if (rd_kafka_topic_conf_set(&conf, key.c_str(), value.c_str(), reason.data(), reason.size()) !=
        RD_KAFKA_CONF_OK) {
      std::string text = "topic ";
      text.append(topic).append(": Kafka setting ").append(key).append("=").append(value).append(": ");
      return Error{Error::Kind::invalid_setting, text.append(reason.data())};
    }
  }
  return {};
}

}  // namespace

TopicHandles::TopicHandles(rd_kafka_t* rk, Settings settings) : rk_(rk), settings_(std::move(settings)) {
  tables_.push_back(std::make_unique<Table>(kFirstSize));
  table_.store(tables_.back().get(), std::memory_order_release);
}

Result<rd_kafka_topic_t*> TopicHandles::get(std::string_view topic) {
  if (const Entry* const found = find(*table_.load(std::memory_order_acquire), topic)) return found->topic.get();
  return make(topic);
}

const TopicHandles::Entry* TopicHandles::find(const Table& table, std::string_view topic) {
  const std::size_t mask = table.slots.size() - 1;
  for (std::size_t at = hash_of(topic) & mask;; at = (at + 1) & mask) {
    // Acquire: the entry that was placed there is whole. An empty slot ends the search; half of them are.
    const Entry* const entry = table.slots[at].load(std::memory_order_acquire);
    if (entry == nullptr || entry->name == topic) return entry;
  }
}

void TopicHandles::place(Table& table, const Entry& entry) {
  const std::size_t mask = table.slots.size() - 1;
  std::size_t at = hash_of(entry.name) & mask;
  while (table.slots[at].load(std::memory_order_relaxed) != nullptr) at = (at + 1) & mask;
  table.slots[at].store(&entry, std::memory_order_release);
  ++table.used;
}

Result<rd_kafka_topic_t*> TopicHandles::make(std::string_view topic) {
  const std::lock_guard lock(mutex_);
  Table* table = tables_.back().get();
  if (const Entry* const found = find(*table, topic)) return found->topic.get();  // meanwhile
  const std::string name{topic};
  TopicConfPtr conf;
  if (const auto own = settings_.find(name); own != settings_.end()) {
    conf.reset(rd_kafka_default_topic_conf_dup(rk_));
    if (const auto applied = apply(*conf, name, own->second); !applied) return applied.error();
  }
  std::unique_ptr<rd_kafka_topic_t, DestroyTopic> made(
      rd_kafka_topic_new(rk_, name.c_str(), conf.release()));  // takes the conf, also where it fails
  if (!made) return translate(rd_kafka_last_error(), "topic " + name);
  const Entry& entry = *entries_.emplace_back(new Entry{name, std::move(made)});
  if (2 * (table->used + 1) > table->slots.size()) {
    auto larger = std::make_unique<Table>(2 * table->slots.size());
    for (const auto& each : entries_) place(*larger, *each);
    table_.store(larger.get(), std::memory_order_release);
    tables_.push_back(std::move(larger));
  } else {
    place(*table, entry);
  }
  return entry.topic.get();
}

Result<void> TopicHandles::check(rd_kafka_conf_t& conf, const Settings& settings) {
  for (const auto& [topic, own] : settings) {
    const rd_kafka_topic_conf_t* const given = rd_kafka_conf_get_default_topic_conf(&conf);
    const TopicConfPtr copy(given != nullptr ? rd_kafka_topic_conf_dup(given) : rd_kafka_topic_conf_new());
    if (auto applied = apply(*copy, topic, own); !applied) return applied;
  }
  return {};
}

}  // namespace braid::adapters
