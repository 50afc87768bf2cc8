#pragma once

#include "engine/worker/describe_failure.hpp"
#include "unit/engine/engine_world.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace braid::engine {

// One virtual partition, a batch of the offsets 10 to 14 with one share, and what the listener hears of it.
class OneBatchTest : public testing::Test {
 protected:
  ~OneBatchTest() override { EXPECT_FALSE(world_.mailbox->take()) << "more mail than the test knows of"; }

  void start() {
    batch_->start();
    pool_->run_all();
  }
  // What the next mail says of the share; "" if there is none.
  std::string failure() {
    const auto mail = world_.mailbox->take();
    if (!mail || mail->kind != Mail::Kind::share_open) return "";
    std::string text = describe_failure(mail->share->failure());
    Mailbox::settle(*mail);
    return text;
  }
  bool settled() {
    const auto mail = world_.mailbox->take();
    if (!mail) return false;
    Mailbox::settle(*mail);
    return mail->kind == Mail::Kind::batch_settled;
  }
  bool retry() {
    share().begin_next_attempt();
    const bool sent = batch_->submit(share());
    pool_->run_all();
    return sent;
  }
  Share& share() { return batch_->shares()[0]; }

  test_support::EngineWorld world_{1};
  std::shared_ptr<test_support::SteppedPool> pool_ = std::make_shared<test_support::SteppedPool>();
  BatchPtr batch_ = world_.batch(pool_, 10, 14);
};

}  // namespace braid::engine
