#include "engine/worker/pool_executor.hpp"

#include <utility>

namespace braid::engine {

PoolContext::PoolContext(JobPool& pool, OnFailure on_failure)
    : pool_(pool), on_failure_(std::move(on_failure)), executor_(PoolExecutor(*this)) {}

void PoolContext::report(const std::exception_ptr& failure) const noexcept {
  if (on_failure_) on_failure_(failure);
}

}  // namespace braid::engine
