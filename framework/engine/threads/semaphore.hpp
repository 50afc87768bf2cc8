#pragma once

#include <semaphore.h>

#include <cerrno>
#include <cstddef>
#include <system_error>

namespace braid::engine {

// POSIX's semaphore. libstdc++'s own may sleep for good in GCC 12 (its bug 104928) and wakes every sleeper at each
// release. Thread: any.
class Semaphore {
 public:
  Semaphore() {
    if (::sem_init(&semaphore_, 0, 0) != 0) throw std::system_error(errno, std::generic_category(), "sem_init");
  }
  ~Semaphore() { ::sem_destroy(&semaphore_); }
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  void release(std::size_t count = 1) noexcept {
    for (; count > 0; --count) ::sem_post(&semaphore_);
  }
  void acquire() noexcept {
    while (::sem_wait(&semaphore_) != 0) {  // interrupted
    }
  }

 private:
  sem_t semaphore_;
};

}  // namespace braid::engine
