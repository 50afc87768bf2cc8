#pragma once

#include "engine/ports/transactional_client.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace braid::engine {

class EventHub;

// A client whose transactions are told as events when they end. Adds nothing else. Thread: as TransactionalClient.
class ToldTransactionalClient final : public TransactionalClient {
 public:
  ToldTransactionalClient(std::unique_ptr<TransactionalClient> client, std::string transactional_id,
                          std::shared_ptr<EventHub> hub);

  Result<void> init() override { return client_->init(); }
  Result<void> begin() override;
  Result<void> send(const OutgoingMessage& message, std::uint32_t token) override;
  [[nodiscard]] std::vector<RefusedSend> refused() override { return client_->refused(); }
  Result<void> commit(const StoredPosition& position, const GroupMembership* member) override;
  Result<void> commit_sent(Time until) override;
  Result<void> abort() override;

 private:
  void tell_committed(Time asked);
  void tell_aborted(Error::Kind kind, const std::string& error);
  void tell_commit(const Result<void>& outcome, Time asked);

  const std::unique_ptr<TransactionalClient> client_;
  const std::string id_;
  const std::shared_ptr<EventHub> hub_;
  // Written by who begins and sends, read by who ends the transaction, behind that by its owner's locks: relaxed.
  std::atomic<bool> open_{false};  // begun, and its end has not been told
  std::atomic<Time::rep> began_at_{0};
  std::atomic<std::uint64_t> records_{0};
};

// With a hub: the same, told of.
[[nodiscard]] std::unique_ptr<TransactionalClient> told(std::unique_ptr<TransactionalClient> client,
                                                        std::string transactional_id,
                                                        const std::shared_ptr<EventHub>& hub);

}  // namespace braid::engine
