#include "engine/worker/assignment.hpp"
#include "engine/worker/batch_access.hpp"
#include "engine/worker/cancellations.hpp"
#include "engine/worker/running_batch.hpp"
#include "engine/worker/share.hpp"

#include <braid/async_consumer.hpp>
#include <braid/ticket.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include <memory>
#include <stdexcept>
#include <utility>

namespace braid {

namespace {

// One coroutine under way: where it runs, and how it is cancelled. Kept by its completion handler.
class AsyncRun final : public engine::Cancellations::Member {
 public:
  AsyncRun(const boost::asio::any_io_executor& executor, std::shared_ptr<engine::Cancellations> cancellations)
      : strand_(boost::asio::make_strand(executor)), cancellations_(std::move(cancellations)) {}
  ~AsyncRun() override { end(); }

  void begin() noexcept { cancellations_->enlist(*this); }
  void end() noexcept { cancellations_->delist(*this); }
  // On the strand, since a signal and what it cancels must not be used by two threads at a time.
  void cancel() noexcept override {
    boost::asio::post(strand_, [self = shared_from_this(), this] {
      signal_.emit(boost::asio::cancellation_type::terminal);
      // What is spawned hands the signal on by a post of its own, which knows where it lies, but does not keep it.
      boost::asio::post(strand_, [self] {});
    });
  }
  [[nodiscard]] const boost::asio::strand<boost::asio::any_io_executor>& strand() const { return strand_; }
  [[nodiscard]] boost::asio::cancellation_slot slot() { return signal_.slot(); }

 private:
  boost::asio::strand<boost::asio::any_io_executor> strand_;
  boost::asio::cancellation_signal signal_;
  std::shared_ptr<engine::Cancellations> cancellations_;
};

}  // namespace

// A coroutine is a ticket that its completion settles. Where it is destroyed before it has completed, because the
// pool has ended, so is its ticket, and the attempt has failed.
void AsyncConsumer::consume(Batch& batch) {
  engine::Share& share = engine::BatchAccess::share(batch);
  const boost::asio::any_io_executor* const executor = share.batch().pool().executor();
  if (executor == nullptr) throw std::logic_error("this pool runs no coroutines");
  auto run = std::make_shared<AsyncRun>(*executor, share.batch().assignment().cancellations());
  boost::asio::awaitable<void> coroutine = consume(engine::BatchAccess::again(batch));
  auto completed = [run, ticket = Ticket(share.defer(false))](const std::exception_ptr& failure) mutable {
    run->end();
    if (failure) {
      ticket.fail(failure);
    } else {
      ticket.done();
    }
  };
  boost::asio::co_spawn(run->strand(), std::move(coroutine),
                        boost::asio::bind_cancellation_slot(run->slot(), std::move(completed)));
  run->begin();
}

}  // namespace braid
