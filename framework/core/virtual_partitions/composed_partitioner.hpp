#pragma once

#include "core/virtual_partitions/hash_reducer.hpp"
#include "core/virtual_partitions/partitioner.hpp"

#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace braid::core {

// A key that could not be taken; the message goes the way of those without a key.
struct KeyProblem {
  const char* text = nullptr;  // a literal; none: no problem
};

// VirtualPartitioner of a source of keys and a reducer, bound at compile time so that a batch costs one virtual
// call. Thread: the listener's.
//
// KeySource: PartitionKey key_of(const Message&, KeyProblem&), and std::string subject(): what the problems are
// about. Reduce: std::uint32_t index_of(const PartitionKey&, std::uint32_t max_partitions), never for an empty key.
template <class KeySource, class Reduce>
class ComposedPartitioner final : public VirtualPartitioner {
 public:
  ComposedPartitioner(KeySource source, Reduce reduce) : source_(std::move(source)), reduce_(std::move(reduce)) {}

  PartitionerReport assign(std::span<const Message> messages, std::uint32_t max_partitions,
                           std::span<std::uint32_t> out) override;

 private:
  KeySource source_;
  Reduce reduce_;
};

void check_assign_arguments(std::span<const Message> messages, std::uint32_t max_partitions,
                            std::span<std::uint32_t> out);
void note_partitioner_error(PartitionerReport& report, Offset offset, std::string_view subject,
                            std::string_view text);

template <class KeySource, class Reduce>
PartitionerReport ComposedPartitioner<KeySource, Reduce>::assign(std::span<const Message> messages,
                                                                 std::uint32_t max_partitions,
                                                                 std::span<std::uint32_t> out) {
  check_assign_arguments(messages, max_partitions, out);
  PartitionerReport report;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const Message& message = messages[i];
    const char* subject = "partitioner";
    out[i] = 0;  // where the message stays if user code throws
    try {
      KeyProblem problem;
      const PartitionKey key = source_.key_of(message, problem);
      if (problem.text != nullptr) {
        note_partitioner_error(report, message.offset(), source_.subject(), problem.text);
      }
      if (key.empty()) {
        out[i] = index_without_key(message.offset(), max_partitions);
        continue;
      }
      subject = "reducer";
      const std::uint32_t index = reduce_.index_of(key, max_partitions);
      if (index < max_partitions) {
        out[i] = index;
      } else {
        note_partitioner_error(report, message.offset(), subject, "gave an index that is not below max_partitions");
      }
    } catch (const std::exception& error) {
      note_partitioner_error(report, message.offset(), subject, error.what());
    } catch (...) {
      // An int or the like: the listener's loop must survive that, too.
      note_partitioner_error(report, message.offset(), subject, "threw something that is no std::exception");
    }
  }
  return report;
}

struct HashReduce {
  std::uint32_t index_of(const PartitionKey& key, std::uint32_t max_partitions) const {
    return reduce_by_hash(key, max_partitions);
  }
};

struct CallableReduce {
  std::function<std::uint32_t(const PartitionKey&, std::uint32_t)> callable;
  std::uint32_t index_of(const PartitionKey& key, std::uint32_t max_partitions) const {
    return callable(key, max_partitions);
  }
};

}  // namespace braid::core
