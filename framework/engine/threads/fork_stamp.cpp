#include "engine/threads/fork_stamp.hpp"

#include <pthread.h>

#include <atomic>

namespace braid::engine {

namespace {

// How many forks lie between the first process and this one; counted in the child, which has one thread.
std::atomic<std::uint64_t> forks{0};

void count_fork() {
  forks.fetch_add(1, std::memory_order_relaxed);
}

void watch_forks() {
  [[maybe_unused]] static const int watched = ::pthread_atfork(nullptr, nullptr, &count_fork);
}

}  // namespace

ForkStamp::ForkStamp() {
  watch_forks();
  forks_ = forks.load(std::memory_order_relaxed);
}

bool ForkStamp::forked_since() const {
  return forks.load(std::memory_order_relaxed) != forks_;
}

}  // namespace braid::engine
