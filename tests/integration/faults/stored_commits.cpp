#include "integration/faults/stored_commits.hpp"

#include "integration/faults/raw_handle.hpp"
#include "integration/kafka/kafka_admin.hpp"

#include <chrono>
#include <cstring>
#include <stdexcept>

namespace braid::faults {
namespace {

constexpr const char* kOffsetsTopic = "__consumer_offsets";
constexpr std::chrono::seconds kPatience{30};

// Kafka's binary forms. Reads nothing beyond the bytes; `good` tells whether all was there.
class Fields {
 public:
  explicit Fields(std::span<const char> bytes) : bytes_(bytes) {}

  [[nodiscard]] std::int64_t integer(std::size_t size) {
    std::uint64_t value = 0;
    const std::span<const char> raw = take(size);
    for (const char byte : raw) value = value << 8U | static_cast<unsigned char>(byte);
    if (size < 8 && raw.size() == size && (value >> (8 * size - 1)) != 0) value -= std::uint64_t{1} << (8 * size);
    return static_cast<std::int64_t>(value);
  }
  [[nodiscard]] std::string text() { return text_of(integer(2)); }
  // The form of flexible versions: one more than the length, in digits of seven bits.
  [[nodiscard]] std::string compact_text() {
    std::int64_t size = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      const std::int64_t byte = integer(1) & 0xFF;
      size |= (byte & 0x7F) << shift;
      if ((byte & 0x80) == 0) break;
    }
    return text_of(size - 1);
  }
  [[nodiscard]] bool good() const { return good_; }

 private:
  std::string text_of(std::int64_t size) {
    const std::span<const char> raw = take(size < 0 ? 0 : static_cast<std::size_t>(size));
    return {raw.begin(), raw.end()};
  }
  std::span<const char> take(std::size_t size) {
    if (size > bytes_.size()) {
      good_ = false;
      size = bytes_.size();
    }
    const auto taken = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return taken;
  }

  std::span<const char> bytes_;
  bool good_ = true;
};

}  // namespace

std::optional<OffsetRecord> parse_offset_record(std::span<const char> key, std::span<const char> value) {
  Fields key_fields(key);
  if (key_fields.integer(2) > 1 || value.empty()) return std::nullopt;  // 2 and more: no offsets
  OffsetRecord record;
  record.group = key_fields.text();
  record.topic = key_fields.text();
  record.commit.partition = static_cast<std::int32_t>(key_fields.integer(4));
  Fields fields(value);
  const std::int64_t version = fields.integer(2);
  if (version < 0 || version > 4) return std::nullopt;
  record.commit.position = fields.integer(8);
  if (version >= 3) (void)fields.integer(4);  // the leader's epoch
  record.commit.metadata = version >= 4 ? fields.compact_text() : fields.text();
  if (!key_fields.good() || !fields.good()) return std::nullopt;
  return record;
}

std::vector<StoredCommit> read_stored_commits(const std::string& bootstrap, const std::string& group,
                                              const std::string& topic) {
  integration::KafkaAdmin admin(bootstrap);
  const std::vector<std::int64_t> ends = admin.end_offsets(kOffsetsTopic);
  // A group's commits are all in one partition, so reading one after the other keeps their order.
  std::vector<StoredCommit> commits;
  const RawHandle client = make_client(RD_KAFKA_CONSUMER, bootstrap,
                                       {{"group.id", "reader-of-commits"},
                                        {"enable.auto.commit", "false"},
                                        {"auto.offset.reset", "earliest"},
                                        {"isolation.level", "read_uncommitted"},
                                        {"fetch.wait.max.ms", "50"}});
  rd_kafka_poll_set_consumer(client.get());
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (std::int32_t partition = 0; partition < static_cast<std::int32_t>(ends.size()); ++partition) {
    const std::int64_t end = ends[static_cast<std::size_t>(partition)];
    if (end == 0) continue;
    const RawList list(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(list.get(), kOffsetsTopic, partition)->offset = 0;
    rd_kafka_assign(client.get(), list.get());
    for (std::int64_t next = 0; next < end;) {
      if (std::chrono::steady_clock::now() > deadline)
        throw std::runtime_error("reading the stored commits: too slow");
      const RawMessage message(rd_kafka_consumer_poll(client.get(), 100));
      if (message == nullptr || message->err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
      next = message->offset + 1;
      auto record = parse_offset_record({static_cast<const char*>(message->key), message->key_len},
                                        {static_cast<const char*>(message->payload), message->len});
      if (!record || record->group != group || record->topic != topic) continue;
      rd_kafka_timestamp_type_t type{};
      record->commit.stored_ms = rd_kafka_message_timestamp(message.get(), &type);
      commits.push_back(std::move(record->commit));
    }
    rd_kafka_assign(client.get(), nullptr);
  }
  rd_kafka_consumer_close(client.get());
  return commits;
}

}  // namespace braid::faults
