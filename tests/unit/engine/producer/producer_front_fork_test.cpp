// A producer in a child of fork(), which has the object but none of its threads.

#include "unit/engine/producer/front_fixture.hpp"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <optional>

namespace braid::engine {
namespace {

// Whether this holds in a child.
template <class Holds>
bool holds_in_a_child(Holds&& holds) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(holds() ? 0 : 1);
  int status = 1;
  return child > 0 && ::waitpid(child, &status, 0) == child && status == 0;
}

bool refused(const std::optional<Error>& error) {
  return error && error->kind() == Error::Kind::closed && error->text().find("fork") != std::string::npos;
}

TEST_F(ProducerFrontTest, AChildOfForkIsRefusedByEachCallAndTheParentGoesOn) {
  ASSERT_TRUE(front().produce(record("before"), {}).ok());
  const std::array two{record("1"), record("2")};
  EXPECT_TRUE(holds_in_a_child([&] { return front().forked(); }));
  EXPECT_TRUE(holds_in_a_child([&] { return refused(front().produce(record("1"), {}).error()); }));
  EXPECT_TRUE(holds_in_a_child([&] { return refused(front().produce(record("1")).error()); }));
  EXPECT_TRUE(holds_in_a_child([&] { return refused(front().produce_sync(record("1"), kDeadline).error()); }));
  EXPECT_TRUE(holds_in_a_child([&] { return refused(front().produce_many(two).error); }));
  EXPECT_TRUE(holds_in_a_child([&] { return refused(front().produce_many(two, {}).error); }));
  EXPECT_TRUE(holds_in_a_child([&] {
    const ManyDelivered many = front().produce_many_sync(two, kDeadline);
    return refused(many.error) && many.each.size() == 2 && refused(many.each[1].error);
  }));
  EXPECT_TRUE(holds_in_a_child([&] { return refused(front().buffer(two).error()); }));
  EXPECT_TRUE(holds_in_a_child([&] { return refused(front().flush(kDeadline).error()); }));
  // It would wait for a thread that is not there.
  EXPECT_TRUE(holds_in_a_child([&] { return front().close(kDeadline).all_delivered(); }));
  EXPECT_FALSE(front().forked());
  client->answer_itself();
  EXPECT_TRUE(front().produce_sync(record("behind"), kDeadline).ok());
  EXPECT_TRUE(front().flush(kDeadline).ok());
  EXPECT_EQ(taken(), (std::vector<std::string>{"before", "behind"}));
}

// The lock of the buffer may have been held as the process forked, by a thread that the child has not.
TEST_F(ProducerFrontTest, AChildOfForkDoesNotTouchTheBuffer) {
  ASSERT_TRUE(front().buffer(std::array{record("1")}).ok());
  EXPECT_TRUE(holds_in_a_child([&] {
    return front().buffered() == 0 && front().take_buffered().empty() && front().figures().buffered == 0;
  }));
  EXPECT_EQ(front().buffered(), 1U);
}

}  // namespace
}  // namespace braid::engine
