#pragma once

#include "unit/engine/listener/commit_world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace braid::test_support {

using Numbers = std::vector<std::int64_t>;

// A topic whose attempts fail as the test says, in both flows: one virtual partition, 10 messages a batch, no
// retries, dead letters to `dlq`, unless told otherwise.
class RecoveryTest : public ::testing::TestWithParam<routing::Flow> {
 protected:
  using Consume = std::function<void(Batch&)>;

  void make(Consume consume, const std::function<void(routing::Topic&)>& tune = {}) {
    made_.emplace(routing::Commit{}, GetParam(), 1, [&](routing::Topic& topic) {
      topic.max_messages = 10;
      topic.retries.max = 0;
      topic.dead_letters = {.to = routing::DeadLetters::To::topic, .topic = "dlq"};
      if (tune) tune(topic);
    });
    world().world.script.consume = [this, consume = std::move(consume)](Batch& batch) {
      Numbers& attempt = attempts.emplace_back();
      for (const Message& message : batch) attempt.push_back(message.offset().value);
      numbers.push_back(batch.attempt());
      consume(batch);
    };
  }
  CommitWorld& world() { return *made_; }
  // Runs until nothing is left to run now.
  void run() {
    for (int i = 0; i < 300; ++i) world().run();
  }
  void process(std::int64_t first, std::int64_t last) {
    world().deliver(first, last);
    run();
  }
  // The broker has taken the letter that was sent as the `number`th.
  void acknowledge(std::size_t number) {
    world().letters.sent.at(number).answer({});
    run();
  }
  void refuse(std::size_t number, const char* why = "not now") {
    world().letters.sent.at(number).answer(Error(Error::Kind::other, why));
    run();
  }
  [[nodiscard]] std::vector<std::string> letters() { return world().letters.offsets(); }
  [[nodiscard]] engine::Counters& counters() { return *world().world.counters; }

  std::vector<Numbers> attempts;       // what each was given
  std::vector<std::uint32_t> numbers;  // how often that was tried

 private:
  std::optional<CommitWorld> made_;
};

// Throws where the batch has that offset.
inline std::function<void(Batch&)> fails_at(std::int64_t offset) {
  return [offset](Batch& batch) {
    for (const Message& message : batch) {
      if (message.offset().value == offset) throw std::runtime_error("poison");
    }
  };
}

inline const Message& at(Batch& batch, std::int64_t offset) {
  const auto found = std::ranges::find(batch, Offset{offset}, &Message::offset);
  if (found == batch.end()) throw std::out_of_range("the batch has no offset " + std::to_string(offset));
  return *found;
}

}  // namespace braid::test_support
