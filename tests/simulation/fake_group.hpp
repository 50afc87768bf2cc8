#pragma once

#include "simulation/world.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace braid::simulation {

// A member as the broker sees it. Partitions are indexes.
struct FakeMember {
  std::uint64_t id = 0;
  int who = 0;                   // for traces
  std::set<int> owned;           // assigned, and not yet given back
  std::set<int> to_revoke;       // asked back, and not yet given back
  std::uint64_t generation = 0;  // of its last assignment
  bool due_assignment = false;   // is to be told of an assignment, be it empty
  bool joining = false;          // a commit would be refused
  bool gone = false;             // declared dead, or left
  std::optional<engine::Time> revoke_by;
  void (*wake)(void*) = nullptr;
  void* woken = nullptr;
};

// The group's coordinator: who owns what, rebalances by the eager or the cooperative protocol, and who is declared
// dead. Which partition goes to whom is random each time, so that partitions move a lot. Thread: one.
class FakeGroup {
 public:
  enum class Protocol : std::uint8_t { eager, cooperative };

  FakeGroup(World& world, Protocol protocol, engine::Duration rebalance_timeout)
      : world_(world), protocol_(protocol), rebalance_timeout_(rebalance_timeout) {}

  void set_partitions(int count) { owners_.assign(static_cast<std::size_t>(count), 0); }
  [[nodiscard]] Protocol protocol() const { return protocol_; }

  std::shared_ptr<FakeMember> join(int who, void (*wake)(void*), void* woken);
  void leave(FakeMember& member);
  // The session timed out: its partitions go to others; it learns of that later.
  void declare_dead(FakeMember& member);
  // Moves partitions about though nobody came or went.
  void rebalance();
  // It has given these back.
  void returned(FakeMember& member, const std::vector<int>& partitions);
  // What the member is to be assigned now; they are its own from here on. Nothing: it is not its turn yet.
  std::optional<std::vector<int>> take_assignment(FakeMember& member);
  // Members that kept a rebalance waiting too long are declared dead.
  void check_timeouts();
  [[nodiscard]] std::optional<engine::Time> next_timeout() const;

  [[nodiscard]] const std::vector<std::shared_ptr<FakeMember>>& members() const { return members_; }
  // The member's id; 0: nobody's.
  [[nodiscard]] std::uint64_t owner_of(int partition) const { return owners_[static_cast<std::size_t>(partition)]; }

 private:
  void remove(FakeMember& member);
  [[nodiscard]] bool everything_returned() const;

  World& world_;
  Protocol protocol_;
  engine::Duration rebalance_timeout_;
  std::uint64_t last_id_ = 0;
  std::uint64_t last_generation_ = 0;
  std::vector<std::shared_ptr<FakeMember>> members_;
  std::vector<std::uint64_t> owners_;
  std::vector<std::uint64_t> target_;
};

}  // namespace braid::simulation
