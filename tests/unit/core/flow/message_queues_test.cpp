#include "core/flow/message_queues.hpp"

#include "unit/core/flow/flow_messages.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <span>
#include <tuple>
#include <vector>

namespace braid::core {
namespace {

Message at(std::int64_t offset) {
  Message::Parts parts;
  parts.offset = Offset{offset};
  return Message(parts);
}

RC_GTEST_PROP(MessageQueues, KeepEachQueuesOrderAndKeys, ()) {
  constexpr std::uint32_t kCount = 5;
  MessageQueues queues(kCount);
  std::vector<std::deque<std::int64_t>> plain(kCount);
  std::int64_t next = 0;
  std::size_t size = 0;
  const auto steps = *rc::gen::container<std::vector<std::pair<std::uint32_t, int>>>(
      rc::gen::pair(rc::gen::inRange<std::uint32_t>(0, kCount), rc::gen::inRange(-6, 6)));
  for (const auto& [index, amount] : steps) {
    for (int i = 0; i < amount; ++i, ++next, ++size) {
      queues.push(index, at(next), static_cast<KeyId>(next) * 7);
      plain[index].push_back(next);
    }
    if (amount < 0) {
      std::vector<Message> messages{at(-1)};
      std::vector<KeyId> keys{0};
      queues.pop(index, static_cast<std::size_t>(-amount), messages, keys);
      RC_ASSERT(messages.size() == keys.size());
      for (std::size_t i = 1; i < messages.size(); ++i) {
        RC_ASSERT(!plain[index].empty());
        RC_ASSERT(messages[i].offset().value == plain[index].front());
        RC_ASSERT(keys[i] == static_cast<KeyId>(plain[index].front()) * 7);
        plain[index].pop_front();
        --size;
      }
      RC_ASSERT(messages.size() - 1 == static_cast<std::size_t>(-amount) || plain[index].empty());
    }
    RC_ASSERT(queues.size() == size);
    for (std::uint32_t i = 0; i < kCount; ++i) {
      RC_ASSERT(queues.length(i) == plain[i].size());
      if (!plain[i].empty()) RC_ASSERT(queues.front(i).offset().value == plain[i].front());
      std::vector<std::int64_t> seen;
      queues.for_each(i, [&](Message& message) { seen.push_back(message.offset().value); });
      RC_ASSERT(seen == std::vector<std::int64_t>(plain[i].begin(), plain[i].end()));
    }
  }
}

// A message of the same offset that was put in the place of another.
Message replaced(const Message& message) {
  static char mark;
  Message::Parts parts;
  parts.offset = message.offset();
  parts.handle = &mark;
  return Message(parts);
}

RC_GTEST_PROP(MessageQueues, HandOverEachMessageOnceToBeReplaced, ()) {
  constexpr std::uint32_t kCount = 4;
  MessageQueues queues(kCount);
  std::int64_t next = 0;
  std::int64_t through = -1;
  bool to_the_end = true;
  const auto steps = *rc::gen::container<std::vector<std::tuple<int, std::uint32_t, int>>>(
      rc::gen::tuple(rc::gen::inRange(0, 3), rc::gen::inRange<std::uint32_t>(0, kCount), rc::gen::inRange(1, 400)));
  for (const auto& [what, index, amount] : steps) {
    if (what == 0) {
      for (int i = 0; i < amount; ++i) queues.push((index + static_cast<std::uint32_t>(i)) % kCount, at(next++), 0);
    } else if (what == 1) {
      std::vector<Message> messages;
      std::vector<KeyId> keys;
      queues.pop(index, static_cast<std::size_t>(amount), messages, keys);
    } else {
      through = std::max(through, next - amount);
      int calls = amount % 7;  // so many, then that is enough
      to_the_end = queues.replace_through({through}, [&](std::span<Message> messages) {
        for (Message& message : messages) {
          const bool was_replaced = message.handle() != nullptr;
          RC_ASSERT(!was_replaced);
          RC_ASSERT(message.offset().value <= through);
          message = replaced(message);
        }
        return --calls > 0;
      });
    }
    std::size_t found = 0;
    for (std::uint32_t i = 0; i < kCount; ++i) {
      queues.for_each(i, [&](Message& message) {
        if (message.handle() != nullptr) ++found;
        // Nothing up to there was left out.
        if (to_the_end) RC_ASSERT((message.handle() != nullptr) == (message.offset().value <= through));
      });
    }
    RC_ASSERT(queues.replaced() == found);
  }
}

TEST(MessageQueues, WhatWasEnoughForOnceGoesOnWhereItStopped) {
  MessageQueues queues(3);
  for (std::int64_t offset = 0; offset < 6; ++offset) {
    queues.push(static_cast<std::uint32_t>(offset) % 3, at(offset), 0);
  }
  std::vector<std::int64_t> seen;
  const auto one_queue = [&](std::span<Message> messages) {
    for (const Message& message : messages) seen.push_back(message.offset().value);
    return false;
  };
  EXPECT_FALSE(queues.replace_through({5}, one_queue));
  EXPECT_FALSE(queues.replace_through({5}, one_queue));
  EXPECT_FALSE(queues.replace_through({5}, one_queue));
  EXPECT_TRUE(queues.replace_through({5}, one_queue));
  EXPECT_EQ(seen, (std::vector<std::int64_t>{0, 3, 1, 4, 2, 5}));
}

TEST(MessageQueues, UseTheirMemoryAgain) {
  MessageQueues queues(10'000);
  std::vector<Message> messages;
  std::vector<KeyId> keys;
  const auto fill_and_empty = [&] {
    for (std::int64_t i = 0; i < 1000; ++i) queues.push(static_cast<std::uint32_t>(i * 9), at(i), 0);
    for (std::int64_t i = 0; i < 1000; ++i) queues.pop(static_cast<std::uint32_t>(i * 9), 1, messages, keys);
    messages.clear();
    keys.clear();
  };
  fill_and_empty();
  const std::size_t memory = queues.memory_bytes();
  for (int round = 0; round < 5; ++round) fill_and_empty();
  EXPECT_EQ(queues.memory_bytes(), memory);
  queues.shrink();
  EXPECT_LT(queues.memory_bytes(), memory);
}

TEST(MessageQueues, TellHowManyHoldSomethingAndTheLongest) {
  MessageQueues queues(5);
  EXPECT_EQ(queues.lengths().queues, 0U);
  EXPECT_EQ(queues.lengths().longest, 0U);
  for (std::int64_t i = 0; i < 3; ++i) queues.push(4, at(i), 0);
  queues.push(1, at(3), 0);
  EXPECT_EQ(queues.lengths().queues, 2U);
  EXPECT_EQ(queues.lengths().longest, 3U);
  std::vector<Message> messages;
  std::vector<KeyId> keys;
  queues.pop(4, 3, messages, keys);
  EXPECT_EQ(queues.lengths().queues, 1U);
  EXPECT_EQ(queues.lengths().longest, 1U);
}

}  // namespace
}  // namespace braid::core
