#include "core/recovery/filter_chain.hpp"

#include "core/recovery/throttle.hpp"
#include "unit/core/flow/flow_messages.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

namespace braid::core {
namespace {

using namespace std::chrono_literals;
using test_support::at_offsets;
using test_support::from_to;
using Kind = Verdict::Kind;
using Places = std::vector<std::size_t>;
using Numbers = std::vector<std::int64_t>;

// Says what the test says, and remembers what it was asked and told.
class Scripted final : public Filter {
 public:
  using Say = std::function<Verdict(std::int64_t)>;
  struct Heard {
    Numbers asked;
    Numbers passed;
  };
  Scripted(Say say, std::shared_ptr<Heard> heard) : say_(std::move(say)), heard_(std::move(heard)) {}
  Verdict ask(const Message& message, const FilterTime&) override {
    heard_->asked.push_back(message.offset().value);
    return say_(message.offset().value);
  }
  void passed(const Message& message, const FilterTime&) override {
    heard_->passed.push_back(message.offset().value);
  }

 private:
  Say say_;
  std::shared_ptr<Heard> heard_;
};

class FilterChainTest : public testing::Test {
 protected:
  using Heard = std::shared_ptr<Scripted::Heard>;
  Heard add(Scripted::Say say) {
    auto heard = std::make_shared<Scripted::Heard>();
    links_.push_back(
        {"filter " + std::to_string(links_.size() + 1), std::make_unique<Scripted>(std::move(say), heard)});
    return heard;
  }
  FilterChain& chain() {
    if (!chain_) chain_.emplace(std::move(links_));
    return *chain_;
  }
  FilterChain::Look look(const std::vector<Message>& messages, std::size_t most = 100) {
    return chain().look(messages, most, time_, report_);
  }

  std::vector<FilterChain::Link> links_;
  std::optional<FilterChain> chain_;
  FilterTime time_{.now = Time{1h}};
  FilterReport report_;
};

TEST_F(FilterChainTest, TheFirstThatDoesNotPassDecides) {
  add([](std::int64_t offset) { return offset == 1 ? Verdict::skip() : Verdict::pass(); });
  const Heard second =
      add([this](std::int64_t offset) { return offset == 3 ? Verdict::wait(time_.now + 1s) : Verdict::pass(); });
  const auto look = this->look(from_to(0, 5));
  EXPECT_EQ(look.looked, 3U);
  EXPECT_EQ(look.passed, 2U);
  EXPECT_EQ(chain().skipped(), Places{1});
  EXPECT_EQ(chain().waits_until(), time_.now + 1s);
  EXPECT_EQ(second->asked, (Numbers{0, 2, 3})) << "nobody is asked about what is behind one that waits";
}

TEST_F(FilterChainTest, OneThatCountsCountsOnceThoughALaterOneLetsTheMessageWait) {
  bool open = false;
  const Heard counts = add([](std::int64_t) { return Verdict::pass(); });
  add([&](std::int64_t) { return open ? Verdict::pass() : Verdict::wait(time_.now + 10ms); });
  for (int i = 0; i < 5; ++i) {
    look(from_to(7, 8));
    time_.now += 10ms;
  }
  EXPECT_EQ(counts->asked, (Numbers{7, 7, 7, 7, 7}));
  EXPECT_EQ(counts->passed, Numbers{});
  open = true;
  EXPECT_EQ(look(from_to(7, 8)).passed, 2U);
  EXPECT_EQ(counts->passed, (Numbers{7, 8}));
}

TEST_F(FilterChainTest, AThrottleBeforeAWaitLosesNoTokens) {
  bool open = false;
  links_.push_back(
      {"throttle", std::make_unique<Throttle>(TokenBucket::Settings{.messages = 2, .per = 1h, .burst = 2})});
  add([&](std::int64_t) { return open ? Verdict::pass() : Verdict::wait(time_.now + 1ms); });
  for (int i = 0; i < 10; ++i) {
    look(from_to(0, 9));
    time_.now += 1ms;
  }
  open = true;
  EXPECT_EQ(look(from_to(0, 9)).passed, 2U);
}

TEST_F(FilterChainTest, WhoWaitsIsNotAskedAboutBeforeItsTime) {
  const Heard heard = add([this](std::int64_t) { return Verdict::wait(time_.now + 10ms); });
  for (int i = 0; i < 10; ++i) {
    look(from_to(0, 0));
    time_.now += 1ms;
  }
  EXPECT_EQ(heard->asked, Numbers{0});
  look(from_to(0, 0));
  EXPECT_EQ(heard->asked, (Numbers{0, 0}));
  chain().forget_wait();
  EXPECT_EQ(chain().waits_until(), std::nullopt);
}

TEST_F(FilterChainTest, AWaitForThePastIsForALittleLater) {
  add([this](std::int64_t) { return Verdict::wait(time_.now - 1h); });
  look(from_to(0, 0));
  EXPECT_EQ(chain().waits_until(), time_.now + 1ms);
}

TEST_F(FilterChainTest, NoMoreThanAskedForPass) {
  const Heard heard = add([](std::int64_t offset) { return offset < 2 ? Verdict::skip() : Verdict::pass(); });
  const auto look = this->look(from_to(0, 9), 3);
  EXPECT_EQ(look.passed, 3U);
  EXPECT_EQ(look.looked, 5U) << "what is skipped does not count";
  EXPECT_EQ(heard->passed, (Numbers{2, 3, 4}));
}

TEST_F(FilterChainTest, OneThatThrowsLetsPassAndTheOthersAreAsked) {
  const Heard broken = add([](std::int64_t offset) -> Verdict {
    if (offset == 2) throw 5;
    throw std::runtime_error("no database");
  });
  add([](std::int64_t offset) { return offset == 1 ? Verdict::skip() : Verdict::pass(); });
  const auto look = this->look(from_to(0, 2));
  EXPECT_EQ(look.passed, 2U);
  EXPECT_EQ(chain().skipped(), Places{1});
  EXPECT_EQ(broken->passed, Numbers{}) << "it never said that they might pass";
  EXPECT_EQ(report_.errors, 3U);
  EXPECT_EQ(report_.first_filter, "filter 1");
  EXPECT_EQ(report_.first_text, "no database");
  EXPECT_EQ(report_.first_offset, Offset{0});
}

TEST_F(FilterChainTest, WithoutFiltersAllPasses) {
  EXPECT_TRUE(chain().empty());
  EXPECT_EQ(look(at_offsets({1, 5, 9})).passed, 3U);
}

}  // namespace
}  // namespace braid::core
