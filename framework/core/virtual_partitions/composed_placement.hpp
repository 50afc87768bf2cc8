#pragma once

#include "core/assert.hpp"
#include "core/virtual_partitions/hash_reducer.hpp"
#include "core/virtual_partitions/key_sources.hpp"
#include "core/virtual_partitions/placement.hpp"

#include <exception>
#include <functional>
#include <string_view>
#include <utility>

namespace braid::core {

inline void check_room(std::span<const Message> messages, std::span<const std::uint32_t> indexes,
                       std::span<const KeyId> keys) {
  BRAID_ASSERT(indexes.size() >= messages.size(), "each message needs room for its index");
  BRAID_ASSERT(keys.size() >= messages.size(), "each message needs room for its key");
}

// A Placement of a source of keys and a reducer, bound at compile time so that a batch costs one virtual call.
// Thread: the listener's.
//
// KeySource: see key_sources.hpp. Reduce:
//   std::uint32_t by_key(const PartitionKey&, KeyId, Offset, PartitionerReport&);  the key is not empty
//   std::uint32_t without_key(KeyId, Offset);
//   std::uint32_t broken();                                    the partitioner threw
//   void finish(std::span<std::uint32_t>, std::span<const KeyId>);   the last word, on the whole batch
//   void release(...), bool kRemembers                         as the Placement's
template <class KeySource, class Reduce>
class ComposedPlacement final : public Placement {
 public:
  ComposedPlacement(KeySource source, Reduce reduce, routing::NullKeys null_keys)
      : source_(std::move(source)), reduce_(std::move(reduce)), null_keys_(null_keys) {}

  PartitionerReport place(std::span<const Message> messages, std::span<std::uint32_t> indexes,
                          std::span<KeyId> keys) override {
    check_room(messages, indexes, keys);
    PartitionerReport report;
    for (std::size_t i = 0; i < messages.size(); ++i) indexes[i] = place_one(messages[i], keys[i], report);
    reduce_.finish(indexes.first(messages.size()), keys.first(messages.size()));
    return report;
  }

  void release(std::span<const KeyId> keys, std::span<const std::uint32_t> indexes) override {
    reduce_.release(keys, indexes);
  }
  [[nodiscard]] bool remembers() const override { return Reduce::kRemembers; }

 private:
  std::uint32_t place_one(const Message& message, KeyId& id, PartitionerReport& report);

  KeySource source_;
  Reduce reduce_;
  routing::NullKeys null_keys_;
};

template <class KeySource, class Reduce>
std::uint32_t ComposedPlacement<KeySource, Reduce>::place_one(const Message& message, KeyId& id,
                                                              PartitionerReport& report) {
  PartitionKey key;
  try {
    KeyProblem problem;
    key = source_.key_of(message, problem);
    if (problem.text != nullptr) {
      note_partitioner_error(report, message.offset(), source_.subject(), problem.text);
    }
  } catch (const std::exception& error) {
    note_partitioner_error(report, message.offset(), "partitioner", error.what());
    id = kBrokenKey;
    return reduce_.broken();
  } catch (...) {
    // An int or the like: the listener's loop must survive that, too.
    note_partitioner_error(report, message.offset(), "partitioner", "threw something that is no std::exception");
    id = kBrokenKey;
    return reduce_.broken();
  }
  if (key.empty()) {
    id = key_id_without_key(message.offset(), null_keys_);
    return reduce_.without_key(id, message.offset());
  }
  id = key_id(key);
  return reduce_.by_key(key, id, message.offset(), report);
}

// A reducer that decides message by message and remembers nothing.
struct ForgetfulReduce {
  static constexpr bool kRemembers = false;
  std::uint32_t max_partitions = 1;
  routing::NullKeys null_keys = routing::NullKeys::round_robin;

  std::uint32_t without_key(KeyId, Offset offset) const {
    return index_without_key(offset, null_keys, max_partitions);
  }
  std::uint32_t broken() const { return 0; }
  void finish(std::span<std::uint32_t>, std::span<const KeyId>) {}
  void release(std::span<const KeyId>, std::span<const std::uint32_t>) {}
};

struct HashReduce : ForgetfulReduce {
  std::uint32_t by_key(const PartitionKey&, KeyId id, Offset, PartitionerReport&) const {
    return static_cast<std::uint32_t>(id % max_partitions);
  }
};

struct CallableReduce : ForgetfulReduce {
  std::function<std::uint32_t(const PartitionKey&, std::uint32_t)> callable{};

  std::uint32_t by_key(const PartitionKey& key, KeyId, Offset offset, PartitionerReport& report) const {
    try {
      const std::uint32_t index = callable(key, max_partitions);
      if (index < max_partitions) return index;
      note_partitioner_error(report, offset, "reducer", "gave an index that is not below max_partitions");
    } catch (const std::exception& error) {
      note_partitioner_error(report, offset, "reducer", error.what());
    } catch (...) {
      note_partitioner_error(report, offset, "reducer", "threw something that is no std::exception");
    }
    return 0;
  }
};

}  // namespace braid::core
