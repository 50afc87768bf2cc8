#pragma once

#include "engine/ports/clock.hpp"
#include "engine/ports/position_store.hpp"
#include "engine/ports/producer_client.hpp"

#include <braid/result.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace braid::engine {

// Who a consumer is in its group at some moment: the broker refuses the positions of one that is no member any more
// (KIP-447). Opaque but to the adapter that has made it.
class GroupMembership {
 public:
  virtual ~GroupMembership() = default;
};

// A record that was refused, and would be again however often it were sent: it is too large, its topic or partition
// is none, nobody here may write there.
struct RefusedSend {
  std::uint32_t token = 0;   // as given to send(); 0: nobody knows which of the transaction's it was
  bool with_others = false;  // the broker refuses all that came with it in one request
  Error error;
};

// One transactional Kafka producer, one transaction at a time:
//
//   init() ─▶ begin() ─▶ send() … ─▶ commit() ─▶ begin() …
//                                └─▶ abort()  ─▶ init()
//
// Thread: init(), commit() and abort() may wait for brokers, and are its slot's; begin() and send() any.
class TransactionalClient {
 public:
  virtual ~TransactionalClient() = default;
  // Ready for a transaction, with nothing left open of what this producer, or an earlier one of its id, has begun:
  // a commit of unknown outcome has one behind this. Makes a new client where the former is of no more use. Quick
  // where there is nothing to do.
  virtual Result<void> init() = 0;
  // Does not wait.
  virtual Result<void> begin() = 0;
  // Copies and queues. Waits for room, for a bounded time. What is not delivered fails the commit. `token`: of this
  // transaction's records none other has it, nor is it 0.
  virtual Result<void> send(const OutgoingMessage& message, std::uint32_t token) = 0;
  // Those of the last transaction, once it has been aborted or its commit has failed. Of others that did so nothing
  // says that another try would fail too. Thread: its slot's.
  [[nodiscard]] virtual std::vector<RefusedSend> refused() = 0;
  // Commits what was sent, and the position with it, as that member of its group. An error: it was not, or nobody
  // knows, and init() is next.
  virtual Result<void> commit(const StoredPosition& position, const GroupMembership* member) = 0;
  // The same without a position, trying until then, or until its answer may have come. An error of kind in_doubt:
  // nobody knows; any other: it was not committed, and nothing of it will count. Of kind fenced: see abort();
  // fatal(): the client has broken, and init() makes another one.
  virtual Result<void> commit_sent(Time until) = 0;
  // Gives up what was sent; init() is next. An error: the brokers have not been told, and what settles it is
  // init(), or their own timeout. Of kind fenced: another producer of this id is there, and init() would take over
  // from it.
  virtual Result<void> abort() = 0;
};

// A transactional producer and the thread on which it waits for brokers. Given back when nobody holds it any more.
// Thread: any.
class TransactionalSlot {
 public:
  // Must not throw.
  using Task = std::function<void(TransactionalClient&)>;

  virtual ~TransactionalSlot() = default;
  [[nodiscard]] virtual TransactionalClient& client() = 0;
  // In order, one at a time. Dropped once the application has stopped.
  virtual void post(Task task) = 0;
};

// The transactional producers of an application, each with an id of its own. Thread: any.
class TransactionalSlots {
 public:
  virtual ~TransactionalSlots() = default;
  // One that nobody has, which nobody gets beside the caller.
  [[nodiscard]] virtual std::shared_ptr<TransactionalSlot> acquire() = 0;
};

}  // namespace braid::engine
