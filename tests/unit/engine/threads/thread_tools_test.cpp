#include "engine/threads/latch_flag.hpp"
#include "engine/threads/semaphore.hpp"
#include "engine/threads/thread_name.hpp"

#include <gtest/gtest.h>

#include <pthread.h>

#include <chrono>
#include <string>
#include <thread>

namespace braid::engine {
namespace {

using namespace std::chrono_literals;

std::string name_after(const std::string& wanted) {
  std::string name;
  std::thread([&] {
    name_this_thread(wanted);
    char text[16] = {};
    ::pthread_getname_np(::pthread_self(), text, sizeof text);
    name = text;
  }).join();
  return name;
}

TEST(ThreadName, IsShownByTheSystem) {
  EXPECT_EQ(name_after("braid-w-3"), "braid-w-3");
}

TEST(ThreadName, IsCutAtFifteenCharacters) {
  EXPECT_EQ(name_after("braid-listener-100"), "braid-listener-");
}

TEST(LatchFlag, IsDownAtFirst) {
  LatchFlag flag;
  EXPECT_FALSE(flag.wait_until(std::chrono::steady_clock::now() + 5ms));
}

TEST(LatchFlag, StaysUp) {
  LatchFlag flag;
  flag.raise();
  EXPECT_TRUE(flag.wait_until(std::chrono::steady_clock::now() - 1h));
  EXPECT_TRUE(flag.wait_until(std::chrono::steady_clock::now() - 1h));
}

// Who waited may end the flag's life as soon as it is up.
TEST(LatchFlag, MayBeDestroyedByWhoWaited) {
  for (int i = 0; i < 500; ++i) {
    std::thread raiser;
    {
      LatchFlag flag;
      raiser = std::thread([&] { flag.raise(); });
      ASSERT_TRUE(flag.wait_until(std::chrono::steady_clock::now() + 30s));
    }
    raiser.join();
  }
}

TEST(Semaphore, EachReleaseLetsOneThrough) {
  Semaphore semaphore;
  semaphore.release(2);
  semaphore.acquire();
  semaphore.acquire();
  LatchFlag through;
  std::thread other([&] {
    semaphore.acquire();
    through.raise();
  });
  EXPECT_FALSE(through.wait_until(std::chrono::steady_clock::now() + 5ms));
  semaphore.release();
  EXPECT_TRUE(through.wait_until(std::chrono::steady_clock::now() + 30s));
  other.join();
}

}  // namespace
}  // namespace braid::engine
