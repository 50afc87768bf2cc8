// For the TSan builds alone: C's threads and locks by way of POSIX's.
//
// librdkafka uses those of <threads.h>, which GCC 12's TSan does not know: a thread that it has not seen begin
// crashes it, and what a lock it does not see orders looks like a race. The dynamic linker finds these functions
// first. glibc's mtx_t and cnd_t are its pthread mutex and condition variable under other names.

#include <pthread.h>
#include <threads.h>

#include <cerrno>
#include <cstdint>
#include <memory>

namespace {

pthread_mutex_t* as_pthread(mtx_t* mutex) {
  return reinterpret_cast<pthread_mutex_t*>(mutex);
}
pthread_cond_t* as_pthread(cnd_t* condition) {
  return reinterpret_cast<pthread_cond_t*>(condition);
}

int outcome(int error) {
  switch (error) {
    case 0:
      return thrd_success;
    case EBUSY:
      return thrd_busy;
    case ETIMEDOUT:
      return thrd_timedout;
    case ENOMEM:
      return thrd_nomem;
    default:
      return thrd_error;
  }
}

struct Start {
  thrd_start_t function;
  void* argument;
};

void* begin(void* opaque) {
  const std::unique_ptr<Start> start(static_cast<Start*>(opaque));
  return reinterpret_cast<void*>(static_cast<std::intptr_t>(start->function(start->argument)));
}

}  // namespace

extern "C" {

int thrd_create(thrd_t* thread, thrd_start_t function, void* argument) {
  auto start = std::make_unique<Start>(Start{function, argument});
  const int error = pthread_create(thread, nullptr, &begin, start.get());
  if (error == 0) start.release();  // NOLINT: begin() owns it
  return outcome(error);
}

int thrd_join(thrd_t thread, int* result) {
  void* returned = nullptr;
  const int error = pthread_join(thread, &returned);
  if (result != nullptr) *result = static_cast<int>(reinterpret_cast<std::intptr_t>(returned));
  return outcome(error);
}

int thrd_detach(thrd_t thread) {
  return outcome(pthread_detach(thread));
}

int mtx_init(mtx_t* mutex, int type) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  if ((type & mtx_recursive) != 0) pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
  const int error = pthread_mutex_init(as_pthread(mutex), &attributes);
  pthread_mutexattr_destroy(&attributes);
  return outcome(error);
}
void mtx_destroy(mtx_t* mutex) {
  pthread_mutex_destroy(as_pthread(mutex));
}
int mtx_lock(mtx_t* mutex) {
  return outcome(pthread_mutex_lock(as_pthread(mutex)));
}
int mtx_trylock(mtx_t* mutex) {
  return outcome(pthread_mutex_trylock(as_pthread(mutex)));
}
int mtx_unlock(mtx_t* mutex) {
  return outcome(pthread_mutex_unlock(as_pthread(mutex)));
}

int cnd_init(cnd_t* condition) {
  return outcome(pthread_cond_init(as_pthread(condition), nullptr));
}
void cnd_destroy(cnd_t* condition) {
  pthread_cond_destroy(as_pthread(condition));
}
int cnd_signal(cnd_t* condition) {
  return outcome(pthread_cond_signal(as_pthread(condition)));
}
int cnd_broadcast(cnd_t* condition) {
  return outcome(pthread_cond_broadcast(as_pthread(condition)));
}
int cnd_wait(cnd_t* condition, mtx_t* mutex) {
  return outcome(pthread_cond_wait(as_pthread(condition), as_pthread(mutex)));
}
int cnd_timedwait(cnd_t* __restrict condition, mtx_t* __restrict mutex, const timespec* __restrict until) {
  return outcome(pthread_cond_timedwait(as_pthread(condition), as_pthread(mutex), until));
}

}  // extern "C"
