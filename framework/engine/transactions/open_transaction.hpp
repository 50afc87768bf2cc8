#pragma once

#include "engine/ports/transactional_client.hpp"
#include "engine/producer/record_chain.hpp"
#include "engine/threads/fork_stamp.hpp"
#include "engine/threads/guarded_by.hpp"

#include <braid/record.hpp>
#include <braid/result.hpp>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>

namespace braid::engine {

// One attempt of one transaction, as its work sees it. The first record that is not sent fails it: it must not be
// committed without that.
// Thread: any.
class OpenTransaction {
 public:
  // What it uses outlives it. `closing`: nothing is sent any more.
  OpenTransaction(TransactionalClient& client, const RecordChain& chain, const ForkStamp& stamp,
                  const std::atomic<bool>& closing)
      : client_(client), chain_(chain), stamp_(stamp), closing_(closing) {}

  // All or none is sent; what goes wrong behind the first fails it, too.
  Result<void> produce(std::span<const Record> records);
  Result<void> produce(const Record& record);
  void abort(const std::string& reason);
  // Why it must not be committed; none: nothing is wrong.
  [[nodiscard]] std::optional<Error> failure() const;

 private:
  // With the mutex.
  [[nodiscard]] std::optional<Error> refusal() const;
  Result<void> send(const Record& record);
  Result<void> fail(Error error);

  TransactionalClient& client_;
  const RecordChain& chain_;
  const ForkStamp& stamp_;
  const std::atomic<bool>& closing_;
  // Also while a record is handed to the client, which may wait for room.
  mutable std::mutex mutex_;
  std::uint32_t tokens_ BRAID_GUARDED_BY(mutex_) = 0;  // given to records so far
  std::optional<Error> failure_ BRAID_GUARDED_BY(mutex_);
};

}  // namespace braid::engine
