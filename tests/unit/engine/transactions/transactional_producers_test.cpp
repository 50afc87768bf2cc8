#include "engine/transactions/transactional_producers.hpp"

#include "unit/engine/transactions/stepped_slot.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>

namespace braid::engine {
namespace {

using namespace std::chrono_literals;
using test_support::ScriptedClient;

bool init(TransactionalSlot& slot) {
  std::promise<bool> well;
  slot.post([&](TransactionalClient& client) { well.set_value(client.init().ok()); });
  return well.get_future().get();
}

// As when the process has no file or thread left for one more, for a while.
TEST(TransactionalProducers, OneThatCouldNotBeMadeIsMadeLater) {
  std::atomic<bool> room = false;
  const auto make = [&](std::uint32_t) -> Result<std::unique_ptr<TransactionalClient>> {
    if (!room) return Error(Error::Kind::other, "no thread left", true);
    return std::unique_ptr<TransactionalClient>(std::make_unique<ScriptedClient>());
  };
  TransactionalProducers producers(std::make_unique<ScriptedClient>(), make, nullptr);
  const auto first = producers.acquire();
  const auto second = producers.acquire();
  EXPECT_TRUE(init(*first));
  EXPECT_FALSE(init(*second));
  room = true;
  EXPECT_TRUE(init(*second));
  EXPECT_TRUE(second->client().begin().ok());
  EXPECT_EQ(producers.stop(std::chrono::steady_clock::now() + 10s), 0U);
}

}  // namespace
}  // namespace braid::engine
