#pragma once

#include "core/recovery/token_bucket.hpp"
#include "core/virtual_partitions/key_id.hpp"

#include <braid/filter.hpp>

#include <cstddef>
#include <optional>
#include <unordered_map>

namespace braid::core {

// So many messages of a partition in each interval; the others wait. Thread: the listener's; see Filter.
class Throttle final : public Filter {
 public:
  explicit Throttle(const TokenBucket::Settings& settings) : settings_(settings) {}

  Verdict ask(const Message& message, const FilterTime& time) override;
  void passed(const Message& message, const FilterTime& time) override;

 private:
  TokenBucket::Settings settings_;
  std::optional<TokenBucket> bucket_;  // from the first message on
};

// The same of each message key; a message without a key passes. At most kMostKeys are remembered: a bucket that is
// full again is as good as none, and is forgotten. Keys beyond that share kSharedBuckets, and so pass less often
// than they might. Thread: the listener's; see Filter.
class KeyThrottle final : public Filter {
 public:
  static constexpr std::size_t kMostKeys = 1'000'000;
  static constexpr std::size_t kSharedBuckets = 4096;

  explicit KeyThrottle(const TokenBucket::Settings& settings, std::size_t most_keys = kMostKeys)
      : settings_(settings), most_keys_(most_keys) {}

  Verdict ask(const Message& message, const FilterTime& time) override;
  void passed(const Message& message, const FilterTime& time) override;
  [[nodiscard]] FilterStage stage() const override { return FilterStage::virtual_partition; }

  // Buckets that are kept now.
  [[nodiscard]] std::size_t keys() const { return buckets_.size(); }

 private:
  using Buckets = std::unordered_map<KeyId, TokenBucket>;
  [[nodiscard]] const TokenBucket* find(KeyId key) const;
  [[nodiscard]] TokenBucket& bucket_of(KeyId key, Time now);
  void forget_full_ones(Time now);

  TokenBucket::Settings settings_;
  std::size_t most_keys_;
  Buckets buckets_;                // of those that are not full, and some that are
  std::size_t strangers_ = 0;      // messages of keys without a bucket, since full ones were looked for
  std::size_t look_after_ = 1024;  // so many of them
};

}  // namespace braid::core
