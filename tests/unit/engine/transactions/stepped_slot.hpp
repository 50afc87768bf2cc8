#pragma once

#include "engine/ports/transactional_client.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
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
  Result<void> send(const OutgoingMessage& message, std::uint32_t token) override {
    const std::string payload(message.payload.value_or("-"));
    if (refuses.contains(payload)) {
      said.push_back("refuse " + payload);
      refused_.push_back({token, false, too_large()});
      return too_large();
    }
    if (refuses_later.contains(payload)) refused_.push_back({token, true, too_large()});
    return say("send " + payload + (message.partition_wraps ? " wrapped" : ""));
  }
  [[nodiscard]] std::vector<engine::RefusedSend> refused() override { return std::exchange(refused_, {}); }
  Result<void> commit(const StoredPosition& position, const GroupMembership*) override {
    const Result<void> outcome = say("commit " + std::to_string(position.position->value));
    if (refuses_some) refused_.push_back({0, false, too_large()});
    if (refused_.empty()) return outcome;
    return Error(Error::Kind::other, "some records were refused", false);
  }
  Result<void> commit_sent(engine::Time) override { return say("commit"); }
  Result<void> abort() override {
    said.emplace_back("abort");
    return {};
  }

  std::vector<std::string> said;
  std::optional<std::string> fails;     // what begins so
  std::set<std::string> refuses;        // payloads, at once
  std::set<std::string> refuses_later;  // as a broker does, with others
  bool refuses_some = false;            // nobody knows which

 private:
  static Error too_large() { return {Error::Kind::message_too_large, "too large"}; }
  Result<void> say(const std::string& what) {
    said.push_back(what);
    if (fails && what.starts_with(*fails)) return Error(Error::Kind::timed_out, "no answer", true);
    return {};
  }

  std::vector<engine::RefusedSend> refused_;
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
