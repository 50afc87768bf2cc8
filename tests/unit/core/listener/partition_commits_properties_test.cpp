// Whatever happens in whatever order: nobody is released by a commit that does not cover what it waits for, and
// nobody is forgotten.

#include "core/listener/partition_commits.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace braid::core {
namespace {

using namespace std::chrono_literals;

// What a broker has stored, in plain words: exactly which offsets it was told to be done.
using Told = std::set<std::int64_t>;

struct World {
  PartitionCommits commits{routing::Commit{.when = routing::Commit::When::each_message, .sync = true}, 1000ms,
                           Time{} + 1h};
  Time now = Time{} + 1h;
  std::set<std::int64_t> done;  // by the ledger
  Told on_its_way;
  Told stored;
  std::uint64_t token = 0;
  bool in_flight = false;
  std::uint64_t next_request = 0;
  std::map<std::uint32_t, std::int64_t> waiting;          // virtual partition -> its offset
  std::map<std::uint64_t, std::int64_t> requests;         // id -> through
  std::map<std::uint64_t, std::set<std::int64_t>> asked;  // id -> what was done up to there when it asked
};

constexpr std::int64_t kOffsets = 40;

CommitContent compose(const World& world, std::int64_t room) {
  std::int64_t position = 0;
  while (world.done.contains(position)) ++position;
  return {{position}, {position + room}, static_cast<std::uint64_t>(world.done.size())};
}

void send(World& world, std::int64_t room) {
  const CommitContent content = compose(world, room);
  world.on_its_way.clear();
  for (const std::int64_t offset : world.done) {
    if (content.tells({offset})) world.on_its_way.insert(offset);
  }
  world.commits.sent(++world.token, content, world.now);
  world.in_flight = true;
}

void check(World& world) {
  for (const VirtualPartitionIndex index : world.commits.take_released()) {
    const auto found = world.waiting.find(index.value);
    RC_ASSERT(found != world.waiting.end());
    RC_ASSERT(world.stored.contains(found->second));
    RC_ASSERT(world.commits.may_run(index));
    world.waiting.erase(found);
  }
  for (const auto& [index, offset] : world.waiting) RC_ASSERT(!world.commits.may_run({index}));
  for (const auto id : world.commits.take_answered()) {
    RC_ASSERT(world.requests.erase(id) == 1U);
    for (const std::int64_t offset : world.asked[id]) RC_ASSERT(world.stored.contains(offset));
  }
}

RC_GTEST_PROP(PartitionCommitsProperties, NobodyIsReleasedUncoveredAndNobodyForgotten, ()) {
  World world;
  const int steps = *rc::gen::inRange(1, 120);
  for (int i = 0; i < steps; ++i) {
    world.now += 10ms;
    switch (*rc::gen::inRange(0, 6)) {
      case 0: {  // a virtual partition finishes its next message
        const auto index = *rc::gen::inRange<std::uint32_t>(0, 4);
        if (world.waiting.contains(index)) break;
        std::optional<std::int64_t> next;
        for (std::int64_t offset = index; offset < kOffsets && !next; offset += 4) {
          if (!world.done.contains(offset)) next = offset;
        }
        if (!next) break;
        world.done.insert(*next);
        world.waiting[index] = *next;
        world.commits.job_settled({index}, {*next});
        break;
      }
      case 1: {  // a consumer asks for what it has done
        const std::int64_t through = *rc::gen::inRange<std::int64_t>(0, kOffsets);
        const std::uint64_t id = ++world.next_request;
        world.requests[id] = through;
        for (const std::int64_t offset : world.done) {
          if (offset <= through) world.asked[id].insert(offset);
        }
        world.commits.request(id, {through});
        break;
      }
      case 2:
        if (!world.in_flight) send(world, *rc::gen::inRange<std::int64_t>(0, kOffsets));
        break;
      case 3:
        if (!world.in_flight) break;
        world.in_flight = false;
        world.stored = world.on_its_way;
        world.commits.acknowledged(world.token);
        break;
      case 4:  // failed, though the broker may have stored it
        if (!world.in_flight) break;
        world.in_flight = false;
        if (*rc::gen::arbitrary<bool>()) world.stored = world.on_its_way;
        world.commits.failed(world.token);
        break;
      default:
        if (world.in_flight) break;
        if (const CommitContent content = compose(world, 5); !world.commits.worth_sending(content)) {
          world.commits.nothing_to_send(content, world.now);
        }
        break;
    }
    check(world);
  }
  // The end of all trouble: one commit with room for everything.
  if (world.in_flight) {
    world.stored = world.on_its_way;
    world.commits.acknowledged(world.token);
    check(world);
  }
  for (std::int64_t offset = 0; offset < kOffsets; ++offset) world.done.insert(offset);
  if (!world.waiting.empty() || !world.requests.empty()) RC_ASSERT(world.commits.due().has_value());
  send(world, kOffsets);
  world.stored = world.on_its_way;
  world.commits.acknowledged(world.token);
  check(world);
  RC_ASSERT(world.waiting.empty());
  RC_ASSERT(world.requests.empty());
}

}  // namespace
}  // namespace braid::core
