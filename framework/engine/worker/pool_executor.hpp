#pragma once

#include "engine/ports/job_pool.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/execution_context.hpp>

#include <exception>
#include <functional>
#include <type_traits>
#include <utility>

namespace braid::engine {

// The Asio side of a pool: the context that timers and sockets of its coroutines belong to. They are waited for by
// a thread of Asio's own, which starts with the first of them; what they call goes on as a resumption of the pool.
// Thread: any; owned by the pool.
class PoolContext final : public boost::asio::execution_context {
 public:
  using OnFailure = std::function<void(const std::exception_ptr&)>;

  // `on_failure` is told what functions throw that were posted to the executor; those of coroutines never do.
  PoolContext(JobPool& pool, OnFailure on_failure);

  [[nodiscard]] JobPool& pool() const { return pool_; }
  [[nodiscard]] const boost::asio::any_io_executor& executor() const { return executor_; }
  void report(const std::exception_ptr& failure) const noexcept;
  // Destroys what still waits, and the coroutines that wait for it.
  void end() { shutdown(); }

 private:
  JobPool& pool_;
  OnFailure on_failure_;
  boost::asio::any_io_executor executor_;
};

// Asio's executor of a pool: what is executed on it is resumed on the pool's workers. Thread: a value.
class PoolExecutor {
 public:
  explicit PoolExecutor(PoolContext& context) : context_(&context) {}

  [[nodiscard]] boost::asio::execution_context& query(boost::asio::execution::context_t) const noexcept {
    return *context_;
  }
  // Never within execute(): who posts may hold locks.
  static constexpr boost::asio::execution::blocking_t query(boost::asio::execution::blocking_t) noexcept {
    return boost::asio::execution::blocking.never;
  }
  template <class Function>
  void execute(Function&& function) const {
    context_->pool().resume(*new Resumption<std::decay_t<Function>>(*context_, std::forward<Function>(function)));
  }
  friend bool operator==(const PoolExecutor& left, const PoolExecutor& right) noexcept = default;

 private:
  // A function on its way through the pool; deletes itself. Abandoned, it destroys what it would have called.
  template <class Function>
  class Resumption final : public Job {
   public:
    template <class From>
    Resumption(PoolContext& context, From&& function)
        : context_(context), function_(std::forward<From>(function)) {}
    void run() noexcept override {
      const PoolContext& context = context_;
      try {
        Function function(std::move(function_));
        delete this;  // its memory serves what the function allocates
        function();
      } catch (...) {
        context.report(std::current_exception());
      }
    }
    void abandon() noexcept override { delete this; }

   private:
    PoolContext& context_;
    Function function_;
  };

  PoolContext* context_;
};

}  // namespace braid::engine
