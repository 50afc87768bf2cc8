#pragma once

#include "engine/ports/transactional_client.hpp"
#include "simulation/fake_store.hpp"
#include "simulation/simulated_consumer.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace braid::simulation {

// Where effects go; in topics that have dead letters, which go along, every record is taken: of one that isn't
// nobody would hear.
inline constexpr const char* kEffects = "effects";
// The same of topics that try again whatever has failed: their records are refused for good now and then.
inline constexpr const char* kRefusableEffects = "effects-that-may-be-refused";
inline constexpr const char* kEffectsBesideLetters = "effects-beside-letters";

// A member of the group, when it was asked who it is; and whose positions a transaction of it tells.
class FakeMembership final : public engine::GroupMembership {
 public:
  FakeMembership(std::shared_ptr<FakeMember> member, StoreCaller caller)
      : member_(std::move(member)), generation_(member_->generation), caller_(std::move(caller)) {}
  // The group has had no rebalance since, and it is in none.
  [[nodiscard]] bool valid() const {
    return !member_->gone && !member_->joining && member_->generation == generation_;
  }
  [[nodiscard]] const StoreCaller& caller() const { return caller_; }

 private:
  std::shared_ptr<FakeMember> member_;
  std::uint64_t generation_;
  StoreCaller caller_;
};

// The transactional producers of a process, with threads of their own that are now and then late; their calls fail,
// and answers of commits are lost. Thread: one.
class FakeTransactions final : public engine::TransactionalSlots {
 public:
  explicit FakeTransactions(ConsumerSetting& setting);
  ~FakeTransactions() override;

  [[nodiscard]] std::shared_ptr<engine::TransactionalSlot> acquire() override;
  // What has not begun is dropped, and nothing reaches the broker any more.
  void die();
  // What is there is still done.
  void close();
  [[nodiscard]] bool over() const;

 private:
  class Client;
  class Slot;

  ConsumerSetting& setting_;
  std::vector<std::shared_ptr<Slot>> slots_;
};

}  // namespace braid::simulation
