#include "core/virtual_partitions/placement.hpp"

#include "core/virtual_partitions/balanced_reducer.hpp"
#include "core/virtual_partitions/composed_placement.hpp"
#include "core/virtual_partitions/json_field.hpp"
#include "core/virtual_partitions/sticky_reducer.hpp"

#include <algorithm>
#include <stdexcept>

namespace braid::core {
namespace {

using By = routing::PartitionBy::Kind;
using Reduce = routing::Reducer::Kind;

// The default: message key, hash.
class KeyHashPlacement final : public Placement {
 public:
  KeyHashPlacement(std::uint32_t max_partitions, routing::NullKeys null_keys)
      : max_partitions_(max_partitions), null_keys_(null_keys) {}

  PartitionerReport place(std::span<const Message> messages, std::span<std::uint32_t> indexes,
                          std::span<KeyId> keys) override {
    check_room(messages, indexes, keys);
    place_by_key_hash(messages, max_partitions_, null_keys_, indexes, keys);
    return {};
  }
  void release(std::span<const KeyId>, std::span<const std::uint32_t>) override {}
  [[nodiscard]] bool remembers() const override { return false; }

 private:
  std::uint32_t max_partitions_;
  routing::NullKeys null_keys_;
};

// One virtual partition, the same for good: the partition's order.
class WholePartitionPlacement final : public Placement {
 public:
  PartitionerReport place(std::span<const Message> messages, std::span<std::uint32_t> indexes,
                          std::span<KeyId> keys) override {
    check_room(messages, indexes, keys);
    std::fill_n(indexes.begin(), messages.size(), 0);
    std::fill_n(keys.begin(), messages.size(), kTogetherKey);
    return {};
  }
  void release(std::span<const KeyId>, std::span<const std::uint32_t>) override {}
  [[nodiscard]] bool remembers() const override { return false; }
};

struct StickyReduce {
  static constexpr bool kRemembers = true;
  StickyReducer reducer;

  std::uint32_t by_key(const PartitionKey&, KeyId id, Offset, PartitionerReport&) { return reducer.place(id); }
  std::uint32_t without_key(KeyId id, Offset) { return reducer.place(id); }
  std::uint32_t broken() { return reducer.place_first(kBrokenKey); }
  void place(std::span<const KeyId> keys, std::span<std::uint32_t> indexes) { reducer.place(keys, indexes); }
  void finish(std::span<std::uint32_t>, std::span<const KeyId>) {}
  void release(std::span<const KeyId> keys, std::span<const std::uint32_t> indexes) {
    reducer.release(keys, indexes);
  }
};

struct BalancedReduce {
  static constexpr bool kRemembers = false;
  BalancedReducer reducer;

  // All wait for finish().
  std::uint32_t by_key(const PartitionKey&, KeyId, Offset, PartitionerReport&) { return 0; }
  std::uint32_t without_key(KeyId, Offset) { return 0; }
  std::uint32_t broken() { return 0; }
  void place(std::span<const KeyId> keys, std::span<std::uint32_t> indexes) { reducer.spread(keys, indexes); }
  void finish(std::span<std::uint32_t> indexes, std::span<const KeyId> keys) { reducer.spread(keys, indexes); }
  void release(std::span<const KeyId>, std::span<const std::uint32_t>) {}
};

// By the messages' own keys: these reducers work with ids alone, so all of a batch are hashed in one loop first.
template <class ReduceIds>
class MessageKeyPlacement final : public Placement {
 public:
  MessageKeyPlacement(ReduceIds reduce, routing::NullKeys null_keys)
      : reduce_(std::move(reduce)), null_keys_(null_keys) {}

  PartitionerReport place(std::span<const Message> messages, std::span<std::uint32_t> indexes,
                          std::span<KeyId> keys) override {
    check_room(messages, indexes, keys);
    key_ids(messages, null_keys_, keys);
    reduce_.place(keys.first(messages.size()), indexes);
    return {};
  }
  void release(std::span<const KeyId> keys, std::span<const std::uint32_t> indexes) override {
    reduce_.release(keys, indexes);
  }
  [[nodiscard]] bool remembers() const override { return ReduceIds::kRemembers; }

 private:
  ReduceIds reduce_;
  routing::NullKeys null_keys_;
};

template <class KeySource>
std::unique_ptr<Placement> compose(KeySource source, const routing::VirtualPartitions& settings,
                                   std::uint32_t max_partitions) {
  const routing::NullKeys null_keys = settings.null_keys;
  const auto with = [&]<class R>(R reduce) -> std::unique_ptr<Placement> {
    return std::make_unique<ComposedPlacement<KeySource, R>>(std::move(source), std::move(reduce), null_keys);
  };
  switch (settings.reducer.kind) {
    case Reduce::hash:
      return with(HashReduce{{max_partitions, null_keys}});
    case Reduce::balanced:
      return with(BalancedReduce{BalancedReducer(max_partitions)});
    case Reduce::sticky:
      return with(StickyReduce{StickyReducer(max_partitions)});
    case Reduce::callable:
      return with(CallableReduce{{max_partitions, null_keys}, settings.reducer.callable});
  }
  throw std::invalid_argument("virtual partitions with a kind of reducer that is not known");
}

std::unique_ptr<Placement> by_message_key(const routing::VirtualPartitions& settings,
                                          std::uint32_t max_partitions) {
  const auto with = [&]<class R>(R reduce) -> std::unique_ptr<Placement> {
    return std::make_unique<MessageKeyPlacement<R>>(std::move(reduce), settings.null_keys);
  };
  switch (settings.reducer.kind) {
    case Reduce::hash:
      return std::make_unique<KeyHashPlacement>(max_partitions, settings.null_keys);
    case Reduce::balanced:
      return with(BalancedReduce{BalancedReducer(max_partitions)});
    case Reduce::sticky:
      return with(StickyReduce{StickyReducer(max_partitions)});
    case Reduce::callable:
      break;
  }
  return compose(MessageKey{}, settings, max_partitions);
}

void check(const routing::VirtualPartitions& settings, std::uint32_t max_partitions) {
  const auto refuse_if = [](bool wrong, const char* why) {
    if (wrong) throw std::invalid_argument(why);
  };
  const routing::PartitionBy& by = settings.by;
  const Reduce reduce = settings.reducer.kind;
  const bool keyless = by.kind == By::round_robin || by.kind == By::partition;
  refuse_if(max_partitions == 0, "a topic has at least one virtual partition");
  refuse_if(by.kind == By::callable && !by.callable, "virtual partitions by a callable: there is none");
  refuse_if(by.kind == By::header && by.name.empty(), "virtual partitions by a header: it has no name");
  refuse_if(by.kind == By::json_field && by.name.empty(), "virtual partitions by a field: it has no name");
  refuse_if(reduce == Reduce::callable && !settings.reducer.callable,
            "virtual partitions with a callable as reducer: there is none");
  refuse_if(keyless && reduce == Reduce::callable,
            "virtual partitions without keys: a callable has none to reduce");
  refuse_if(by.kind == By::partition && reduce != Reduce::hash,
            "virtual partitions by partition: there is nothing to reduce");
  refuse_if(keyless && settings.null_keys != routing::NullKeys::round_robin,
            "virtual partitions without keys: null keys can't go together");
}

}  // namespace

std::unique_ptr<Placement> make_placement(const routing::VirtualPartitions& settings,
                                          std::uint32_t max_partitions) {
  check(settings, max_partitions);
  switch (settings.by.kind) {
    case By::message_key:
      return by_message_key(settings, max_partitions);
    case By::header:
      return compose(HeaderKey{settings.by.name}, settings, max_partitions);
    case By::json_field:
      return compose(JsonFieldKey(settings.by.name), settings, max_partitions);
    case By::callable:
      return compose(CallableKey{settings.by.callable}, settings, max_partitions);
    case By::round_robin:
      return compose(NoKey{}, settings, max_partitions);
    case By::partition:
      return std::make_unique<WholePartitionPlacement>();
  }
  throw std::invalid_argument("virtual partitions by a kind that is not known");
}

}  // namespace braid::core
