#include "core/recovery/throttle.hpp"

#include <algorithm>

namespace braid::core {

namespace {

Verdict verdict(const TokenBucket& bucket, Time now) {
  const Time at = bucket.ready_at(now);
  return at <= now ? Verdict::pass() : Verdict::wait(at);
}

}  // namespace

Verdict Throttle::ask(const Message& /*message*/, const FilterTime& time) {
  if (!bucket_) bucket_.emplace(settings_, time.now);
  return verdict(*bucket_, time.now);
}

void Throttle::passed(const Message& /*message*/, const FilterTime& time) {
  bucket_->take(time.now);
}

// Its own, or where there is no room for one the shared one; null: as good as full.
const TokenBucket* KeyThrottle::find(KeyId key) const {
  auto found = buckets_.find(key);
  if (found == buckets_.end() && buckets_.size() >= most_keys_) found = buckets_.find(key % kSharedBuckets);
  return found == buckets_.end() ? nullptr : &found->second;
}

Verdict KeyThrottle::ask(const Message& message, const FilterTime& time) {
  if (!message.has_key()) return Verdict::pass();
  const TokenBucket* const bucket = find(key_id(message.key()));
  return bucket == nullptr ? Verdict::pass() : verdict(*bucket, time.now);
}

void KeyThrottle::passed(const Message& message, const FilterTime& time) {
  if (message.has_key()) bucket_of(key_id(message.key()), time.now).take(time.now);
}

// What ask() found.
TokenBucket& KeyThrottle::bucket_of(KeyId key, Time now) {
  const auto own = buckets_.find(key);
  if (own != buckets_.end()) return own->second;
  if (++strangers_ >= look_after_) forget_full_ones(now);
  // With fewer than before there may be room for its own now; that one is full, as what it is taken for was not
  // empty.
  const KeyId as = buckets_.size() < most_keys_ ? key : key % kSharedBuckets;
  return buckets_.try_emplace(as, settings_, now).first->second;
}

// Looked for when as many keys have come as there were left the last time, it costs each of them a look or two.
void KeyThrottle::forget_full_ones(Time now) {
  std::erase_if(buckets_, [now](const auto& each) { return each.second.full(now); });
  strangers_ = 0;
  look_after_ = std::max<std::size_t>(1024, buckets_.size());
}

}  // namespace braid::core
