#include "engine/threads/thread_name.hpp"

#include <pthread.h>
#include <unistd.h>

namespace braid::engine {

void name_this_thread(const std::string& name) noexcept {
  ::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str());
}

long thread_number() noexcept {
  static thread_local const long number = ::gettid();
  return number;
}

}  // namespace braid::engine
