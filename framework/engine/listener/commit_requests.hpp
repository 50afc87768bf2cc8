#pragma once

#include "core/listener/partition_commits.hpp"
#include "engine/worker/commit_request.hpp"

#include <braid/result.hpp>

#include <map>
#include <span>
#include <utility>

namespace braid::engine {

// The commits that consumers of one assignment wait for, by the number that PartitionCommits knows them by.
// Thread: the listener's.
class CommitRequests {
 public:
  using Id = core::PartitionCommits::RequestId;

  Id add(CommitRequestPtr request) {
    waiting_.emplace(++last_, std::move(request));
    return last_;
  }
  void answer(std::span<const Id> ids, const Result<void>& outcome) {
    for (const Id id : ids) {
      const auto found = waiting_.find(id);
      if (found == waiting_.end()) continue;
      found->second->answer(outcome);
      waiting_.erase(found);
    }
  }
  // All that is left; nobody is to wait for an assignment that is over.
  void answer_ended() {
    for (const auto& [id, request] : waiting_) request->answer_ended();
    waiting_.clear();
  }

 private:
  Id last_ = 0;
  std::map<Id, CommitRequestPtr> waiting_;
};

}  // namespace braid::engine
