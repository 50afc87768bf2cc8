#include "core/recovery/throttle.hpp"

#include "unit/support/test_messages.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace braid::core {
namespace {

using namespace std::chrono_literals;
using test_support::TestMessages;
using Kind = Verdict::Kind;

// A filter alone: what passes is told at once.
template <class Throttled>
class Asker {
 public:
  explicit Asker(Throttled throttled) : filter(std::move(throttled)) {}
  Verdict operator()(const std::optional<std::string>& key) {
    const Message message = messages_.add(key, "{}");
    const Verdict verdict = filter.ask(message, {.now = now});
    if (verdict.kind() == Kind::pass) filter.passed(message, {.now = now});
    return verdict;
  }
  bool passes(const std::optional<std::string>& key) { return (*this)(key).kind() == Kind::pass; }

  Throttled filter;
  Time now{1h};

 private:
  TestMessages messages_;
};

TEST(Throttle, HoldsWhatIsTooMuchUntilItsTime) {
  Asker throttle{Throttle({.messages = 2, .per = 1s, .burst = 2})};
  EXPECT_TRUE(throttle.passes("a"));
  EXPECT_TRUE(throttle.passes("b"));
  const Verdict third = throttle("c");
  EXPECT_EQ(third.kind(), Kind::wait);
  EXPECT_EQ(third.until(), throttle.now + 500ms);
  throttle.now += 500ms;
  EXPECT_TRUE(throttle.passes("c"));
  EXPECT_FALSE(throttle.passes("d"));
}

TEST(Throttle, StandsAtThePartition) {
  EXPECT_EQ(Throttle({.messages = 1, .per = 1s}).stage(), FilterStage::partition);
  EXPECT_EQ(KeyThrottle({.messages = 1, .per = 1s}).stage(), FilterStage::virtual_partition);
}

TEST(KeyThrottle, HoldsAKeyForItself) {
  Asker throttle{KeyThrottle({.messages = 1, .per = 1s, .burst = 1})};
  EXPECT_TRUE(throttle.passes("a"));
  EXPECT_TRUE(throttle.passes("b"));
  EXPECT_EQ(throttle("a").until(), throttle.now + 1s);
  EXPECT_TRUE(throttle.passes(std::nullopt)) << "without a key there is nothing to count by";
  EXPECT_TRUE(throttle.passes(std::nullopt));
  throttle.now += 1s;
  EXPECT_TRUE(throttle.passes("a"));
  EXPECT_TRUE(throttle.passes("b"));
}

TEST(KeyThrottle, ForgetsKeysThatArePausing) {
  Asker throttle{KeyThrottle({.messages = 1, .per = 1s, .burst = 1})};
  for (int i = 0; i < 100'000; ++i) {
    throttle.now += 10ms;  // 100 keys are not full at a time
    ASSERT_TRUE(throttle.passes("key-" + std::to_string(i)));
    ASSERT_LE(throttle.filter.keys(), 1024U + 100U);
  }
}

TEST(KeyThrottle, TooManyKeysShareTheirBuckets) {
  constexpr std::size_t kMost = 2000;
  Asker throttle{KeyThrottle({.messages = 1, .per = 1h, .burst = 1}, kMost)};
  int passed = 0;
  for (int i = 0; i < 50'000; ++i) passed += throttle.passes("key-" + std::to_string(i)) ? 1 : 0;
  EXPECT_GE(passed, 2000);
  EXPECT_LE(throttle.filter.keys(), kMost + KeyThrottle::kSharedBuckets);
  EXPECT_EQ(static_cast<std::size_t>(passed), throttle.filter.keys());
  EXPECT_FALSE(throttle.passes("key-0")) << "who has a bucket keeps it";
  throttle.now += 2h;
  EXPECT_TRUE(throttle.passes("key-0"));
  // All of them can be forgotten now, and new ones have buckets of their own again.
  int later = 0;
  for (int i = 0; i < 10'000; ++i) later += throttle.passes("later-" + std::to_string(i)) ? 1 : 0;
  EXPECT_GE(later, static_cast<int>(kMost) - 1);
}

}  // namespace
}  // namespace braid::core
