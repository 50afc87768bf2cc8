#pragma once

#include <braid/record.hpp>
#include <braid/result.hpp>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

namespace braid {

namespace engine {
class OpenTransaction;
}

// The transaction that TransactionalProducer::transaction() has begun, for the work that runs in it, and no longer.
// Thread: any, while the work runs.
class Transaction {
 public:
  // Copies the record, behind middleware, and queues it; it may wait for room. An error: it was not, the kinds are
  // those of Producer::produce(), and the transaction can't be committed any more: it is aborted when its work
  // ends, so that nothing of it is half there, and later calls return the same error.
  Result<void> produce(const Record& record);
  // All are checked before the first is queued.
  Result<void> produce_many(std::span<const Record> records);

  // Nothing of the transaction is to count. The work goes on until it returns; what it produces is refused by an
  // error of kind aborted, which is what transaction() returns too. `reason` is for its text.
  void abort(const std::string& reason = {});
  // abort() was called, or a record was refused: the transaction will not be committed.
  [[nodiscard]] bool failed() const;

  // For TransactionalProducer alone.
  explicit Transaction(engine::OpenTransaction& open) : open_(open) {}
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

 private:
  engine::OpenTransaction& open_;
};

// Runs within a transaction. An error that it returns aborts it, as an exception does.
using TransactionWork = std::function<Result<void>(Transaction&)>;

namespace detail {

template <class T>
struct InTransaction {
  using Value = T;
  static constexpr bool kIsResult = false;
};
template <class T>
struct InTransaction<Result<T>> {
  using Value = T;
  static constexpr bool kIsResult = true;
};
template <class Work>
using WorkOf = InTransaction<std::remove_cvref_t<std::invoke_result_t<Work&, Transaction&>>>;

}  // namespace detail

// What transaction() returns: what its work does, once that is committed.
template <class Work>
using TransactionResult = Result<typename detail::WorkOf<Work>::Value>;

namespace detail {

// Work of any kind by `run`, which knows one.
template <class Work, class Run>
TransactionResult<Work> transact(Work& work, const Run& run) {
  using Value = typename WorkOf<Work>::Value;
  if constexpr (std::is_void_v<Value>) {
    return run([&work](Transaction& tx) -> Result<void> {
      if constexpr (WorkOf<Work>::kIsResult) {
        return std::invoke(work, tx);
      } else {
        std::invoke(work, tx);
        return {};
      }
    });
  } else {
    std::optional<Value> value;
    const Result<void> done = run([&work, &value](Transaction& tx) -> Result<void> {
      if constexpr (WorkOf<Work>::kIsResult) {
        auto returned = std::invoke(work, tx);
        if (!returned) return returned.error();
        value.emplace(std::move(returned).value());
      } else {
        value.emplace(std::invoke(work, tx));
      }
      return {};
    });
    if (!done) return done.error();
    return *std::move(value);
  }
}

}  // namespace detail

}  // namespace braid
