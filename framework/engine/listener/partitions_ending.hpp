#pragma once

#include "engine/listener/assigned_partition.hpp"
#include "engine/listener/committer.hpp"
#include "engine/listener/dispatcher.hpp"
#include "engine/listener/left_share.hpp"
#include "engine/ports/log.hpp"
#include "engine/worker/farewell_round.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace braid::engine {

// Brings some of a connection's partitions to their end, in steps: running jobs finish, the last hooks are called,
// positions are committed. Each step has its deadline; what overruns keeps running, and counts no more.
//
//   draining ──▶ farewell ──▶ committing ──▶ done
//
// Thread: the listener's.
class PartitionsEnding {
 public:
  struct Deadlines {
    Time drain;     // for jobs that run
    Time farewell;  // for the last hooks
    Time commit;    // for the commit's answer
    // For the answer, from when committing begins: the group waits for us, and what the steps before did not need
    // is not spent on it. None: until `commit`.
    std::optional<Duration> commit_within{};
  };
  struct Tools {
    Dispatcher* dispatcher = nullptr;
    Committers* committers = nullptr;
    std::shared_ptr<Mailbox> mailbox;
    Log* log = nullptr;
    std::function<bool()> read_mail;  // the listener's; true: all is read
    const Clock* clock = nullptr;
  };

  // `lost`: nothing may be committed and nothing counts any more.
  PartitionsEnding(std::vector<AssignedPartition*> partitions, FarewellKind kind, bool lost, Deadlines deadlines,
                   Tools tools);
  ~PartitionsEnding();
  PartitionsEnding(const PartitionsEnding&) = delete;
  PartitionsEnding& operator=(const PartitionsEnding&) = delete;

  // What has not started never starts.
  void drop_unstarted();
  // Brings deadlines forward; never back.
  void hurry(const Deadlines& deadlines);
  // The group has given them to others: nothing counts any more, and nothing is committed.
  void lose();
  // As far as it gets now. True: done.
  bool step(Time now);
  // When step() gets further by time alone.
  [[nodiscard]] Time wakes_at() const;
  // What overran, in words.
  [[nodiscard]] const std::vector<std::string>& left_behind() const { return left_behind_; }
  // Which jobs these are.
  [[nodiscard]] const std::vector<LeftShare>& left_shares() const { return left_shares_; }

 private:
  enum class Stage : std::uint8_t { draining, farewell, committing, done };
  [[nodiscard]] bool idle() const;
  [[nodiscard]] bool hopeless(const AssignedPartition& partition) const;
  [[nodiscard]] bool quiet() const;
  void say_farewell();
  void close_books();
  std::string name_those_left(AssignedPartition& partition);

  std::vector<AssignedPartition*> partitions_;
  FarewellKind kind_;
  bool lost_;
  Deadlines deadlines_;
  Tools tools_;
  Stage stage_ = Stage::draining;
  Time drained_{};                                         // from farewell on: when draining was over
  std::map<const Committer*, std::uint64_t> sent_before_;  // commits, when committing began
  std::vector<std::shared_ptr<FarewellRound>> rounds_;
  std::vector<std::string> left_behind_;
  std::vector<LeftShare> left_shares_;
};

}  // namespace braid::engine
