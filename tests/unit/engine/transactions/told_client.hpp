#pragma once

#include "engine/ports/transactional_client.hpp"

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace braid::test_support {

// What transactional clients were told, and what of it is to fail. Thread: any.
class TransactionScript {
 public:
  // The next call that begins so fails by it, once.
  void fail_next(std::string call, Error error) {
    const std::lock_guard lock(mutex_);
    failures_.emplace_back(std::move(call), std::move(error));
  }
  Result<void> say(const std::string& call) {
    const std::lock_guard lock(mutex_);
    said_.push_back(call);
    for (auto each = failures_.begin(); each != failures_.end(); ++each) {
      if (!call.starts_with(each->first)) continue;
      Error error = each->second;
      failures_.erase(each);
      return error;
    }
    return {};
  }
  // Since the last time.
  std::vector<std::string> said() {
    const std::lock_guard lock(mutex_);
    return std::exchange(said_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> said_;
  std::deque<std::pair<std::string, Error>> failures_;
};

class ToldClient final : public engine::TransactionalClient {
 public:
  explicit ToldClient(std::shared_ptr<TransactionScript> script, std::string name = {})
      : script_(std::move(script)), name_(std::move(name)) {}
  Result<void> init() override { return script_->say(name_ + "init"); }
  Result<void> begin() override { return script_->say(name_ + "begin"); }
  Result<void> send(const engine::OutgoingMessage& message, std::uint32_t /*token*/) override {
    return script_->say(name_ + "send " + std::string(message.payload.value_or("-")));
  }
  [[nodiscard]] std::vector<engine::RefusedSend> refused() override { return {}; }
  Result<void> commit(const engine::StoredPosition&, const engine::GroupMembership*) override {
    return script_->say(name_ + "commit with a position");
  }
  Result<void> commit_sent(engine::Time) override { return script_->say(name_ + "commit"); }
  Result<void> abort() override { return script_->say(name_ + "abort"); }

 private:
  const std::shared_ptr<TransactionScript> script_;
  const std::string name_;
};

}  // namespace braid::test_support
