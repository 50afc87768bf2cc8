#include "engine/listener/ticket_watch.hpp"

#include "engine/worker/describe_failure.hpp"
#include "unit/engine/engine_world.hpp"

#include <braid/ticket.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace braid::engine {
namespace {

using namespace std::chrono_literals;
using test_support::EngineWorld;
using test_support::SteppedPool;
using Kind = Mail::Kind;

class KeptLog final : public Log {
 public:
  [[nodiscard]] bool enabled(LogLevel) const override { return true; }
  void write(LogLevel level, std::string_view, std::string_view text) override {
    EXPECT_EQ(level, LogLevel::error);
    lines.emplace_back(text);
  }
  std::vector<std::string> lines;
};

class TicketWatchTest : public testing::Test {
 protected:
  TicketWatchTest() {
    world_.topic().ticket_timeout = 8s;
    world_.script.consume = [this](Batch& batch) { ticket_.emplace(batch.defer()); };
    batch_->start();
    pool_->run_all();
  }
  void look(Duration after) { watch_.look(batch_->shares(), start_ + after); }

  EngineWorld world_{1};
  std::shared_ptr<SteppedPool> pool_ = std::make_shared<SteppedPool>();
  std::optional<Ticket> ticket_;
  BatchPtr batch_ = world_.batch(pool_, 10, 14);
  KeptLog log_;
  TicketWatch watch_{*world_.assignment, log_};
  Time start_{1h};
};

TEST_F(TicketWatchTest, AnOverdueTicketIsReportedOnceByNameAndOffsets) {
  look(0s);
  EXPECT_EQ(watch_.wakes_at(), start_ + 1s);
  ticket_->mark(*(ticket_->begin() + 1));
  look(7s);
  EXPECT_TRUE(log_.lines.empty());
  look(8s);
  look(20s);
  ASSERT_EQ(log_.lines.size(), 1U);
  EXPECT_EQ(log_.lines[0],
            "events/0: a ticket of virtual partition 0 is overdue: offsets 12 to 14 (3 messages) wait for it for "
            "8000 ms; nothing more of this virtual partition runs before it is settled");
  EXPECT_FALSE(world_.mailbox->take());
  EXPECT_TRUE(ticket_->done()) << "better late";
  EXPECT_TRUE(world_.next_is(Kind::batch_settled));
}

TEST_F(TicketWatchTest, UnderRetryTheShareFailsAndTheTicketIsInert) {
  world_.topic().on_ticket_timeout = routing::OnTicketTimeout::retry;
  look(0s);
  look(8s);
  ASSERT_EQ(log_.lines.size(), 1U);
  const auto mail = world_.mailbox->take();
  ASSERT_TRUE(mail);
  ASSERT_EQ(mail->kind, Kind::share_open);
  EXPECT_EQ(describe_failure(mail->share->failure()), "std::runtime_error: the ticket was not settled in time");
  Mailbox::settle(*mail);
  EXPECT_FALSE(ticket_->done());
  // The next attempt's time counts from its own start.
  batch_->shares()[0].begin_next_attempt();
  ASSERT_TRUE(batch_->submit(batch_->shares()[0]));
  pool_->run_all();
  look(10s);
  look(17s);
  EXPECT_EQ(log_.lines.size(), 1U);
  EXPECT_TRUE(ticket_->done());
  EXPECT_TRUE(world_.next_is(Kind::batch_settled));
}

TEST_F(TicketWatchTest, ASettledOneIsNotOverdue) {
  look(0s);
  EXPECT_TRUE(ticket_->done());
  look(100s);
  EXPECT_TRUE(log_.lines.empty());
  EXPECT_TRUE(world_.next_is(Kind::batch_settled));
}

TEST_F(TicketWatchTest, WithoutATimeoutItNeverLooks) {
  world_.topic().ticket_timeout.reset();
  look(0s);
  look(1000s);
  EXPECT_EQ(watch_.wakes_at(), std::nullopt);
  EXPECT_TRUE(log_.lines.empty());
  EXPECT_TRUE(ticket_->done());
  EXPECT_TRUE(world_.next_is(Kind::batch_settled));
}

}  // namespace
}  // namespace braid::engine
