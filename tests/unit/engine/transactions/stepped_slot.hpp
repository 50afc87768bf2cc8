#pragma once

#include "engine/ports/transactional_client.hpp"

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace braid::test_support {

using engine::GroupMembership;
using engine::OutgoingMessage;
using engine::StoredPosition;

// Notes what it is told, and fails where it is asked to.
class ScriptedClient final : public engine::TransactionalClient {
 public:
  Result<void> init() override { return say("init"); }
  Result<void> begin() override { return say("begin"); }
  Result<void> send(const OutgoingMessage& message) override {
    return say("send " + std::string(message.payload.value_or("-")) + (message.partition_wraps ? " wrapped" : ""));
  }
  Result<void> commit(const StoredPosition& position, const GroupMembership*) override {
    return say("commit " + std::to_string(position.position->value));
  }
  void abort() override { said.emplace_back("abort"); }

  std::vector<std::string> said;
  std::optional<std::string> fails;  // what begins so

 private:
  Result<void> say(const std::string& what) {
    said.push_back(what);
    if (fails && what.starts_with(*fails)) return Error(Error::Kind::timed_out, "no answer", true);
    return {};
  }
};

// Its thread is the test.
class SteppedSlot final : public engine::TransactionalSlot {
 public:
  [[nodiscard]] engine::TransactionalClient& client() override { return scripted; }
  void post(Task task) override { tasks.push_back(std::move(task)); }
  void run() {
    while (!tasks.empty()) {
      const Task task = std::move(tasks.front());
      tasks.pop_front();
      task(scripted);
    }
  }
  ScriptedClient scripted;
  std::deque<Task> tasks;
};

}  // namespace braid::test_support
