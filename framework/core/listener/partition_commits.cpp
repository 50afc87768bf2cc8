#include "core/listener/partition_commits.hpp"

#include "core/assert.hpp"

#include <algorithm>
#include <utility>

namespace braid::core {

namespace {

constexpr Time kAtOnce = Time::min();

}  // namespace

PartitionCommits::PartitionCommits(const routing::Commit& policy, Duration interval, Time epoch,
                                   std::optional<Transactions> transactions)
    : transactions_(transactions),
      when_(policy.when),
      sync_(policy.sync),
      interval_(transactions && transactions->batches > 1 ? transactions->interval : interval),
      epoch_(epoch) {
  BRAID_ASSERT(interval_ > Duration::zero(), "commits have an interval, if only to look again");
  due_ = next_time(epoch_);
}

// All but `manual` look again with each interval, since marks of running shares, and positions that move over what
// is never delivered, are told by nobody. `manual` does so while somebody waits.
std::optional<Time> PartitionCommits::next_time(Time now) const {
  if (manual() && waiters_.empty()) return std::nullopt;
  return epoch_ + ((now - epoch_) / interval_ + 1) * interval_;
}

// --- the runner

void PartitionCommits::batch_settled(Offset last) {
  running_ = false;
  progressed();
  if (exactly_once()) {
    const bool alone = alone_through_ && last <= *alone_through_;
    if (++batches_ < transactions_->batches && !overdue_ && !alone) return;
  } else if (!after_batch() || !sync_) {
    return;
  }
  batch_waits_ = true;
  wait({Waiter::Kind::batch, last});
}

void PartitionCommits::batch_ready(Offset last) {
  BRAID_ASSERT(before_processing(), "only at-most-once batches wait for their own commit");
  batch_waits_ = true;
  wait({Waiter::Kind::batch, last});
}

void PartitionCommits::job_settled(VirtualPartitionIndex index, Offset last) {
  progressed();
  if (!jobs_wait()) return;
  if (index.value >= blocked_.size()) blocked_.resize(index.value + 1);
  BRAID_ASSERT(!blocked_[index.value], "a virtual partition that waits runs nothing");
  blocked_[index.value] = true;
  wait({Waiter::Kind::virtual_partition, last, index.value});
}

// More is done. Who waits for something that could not be told so far may be told of it now.
void PartitionCommits::progressed() {
  if (at_once() || !waiters_.empty()) due_ = kAtOnce;
}

std::vector<VirtualPartitionIndex> PartitionCommits::take_released() {
  return std::exchange(released_, {});
}

// --- consumers

void PartitionCommits::request(RequestId id, Offset through) {
  wait({Waiter::Kind::request, through, id});
}

void PartitionCommits::request(Offset through) {
  // Wishes of which none is on its way are one wish, so that they don't pile up.
  for (Waiter& waiter : waiters_) {
    if (waiter.kind != Waiter::Kind::wish || waiter.on_its_way) continue;
    waiter.through = std::max(waiter.through, through);
    due_ = kAtOnce;
    return;
  }
  wait({Waiter::Kind::wish, through});
}

std::vector<PartitionCommits::RequestId> PartitionCommits::take_answered() {
  return std::exchange(answered_, {});
}

void PartitionCommits::wait(const Waiter& waiter) {
  // Below a position that is stored, everything was done before that was sent.
  if (stored_ && waiter.through.value < stored_->position.value) {
    release(waiter);
    return;
  }
  waiters_.push_back(waiter);
  due_ = kAtOnce;
}

void PartitionCommits::release(const Waiter& waiter) {
  switch (waiter.kind) {
    case Waiter::Kind::batch:
      batch_waits_ = false;
      turn_wanted_ = true;
      return;
    case Waiter::Kind::virtual_partition:
      blocked_[waiter.who] = false;
      turn_wanted_ = true;
      released_.push_back({static_cast<std::uint32_t>(waiter.who)});
      return;
    case Waiter::Kind::request:
      answered_.push_back(waiter.who);
      return;
    case Waiter::Kind::wish:
      return;
  }
}

template <class Condition>
void PartitionCommits::release_where(Condition&& condition) {
  std::erase_if(waiters_, [&](const Waiter& waiter) {
    if (!condition(waiter)) return false;
    release(waiter);
    return true;
  });
}

// --- the committer

void PartitionCommits::nothing_to_send(const std::optional<CommitContent>& content, Time now) {
  overdue_ = running_;
  // What is stored is what would be sent: it tells of all that is done by now, as far as it reaches.
  if (content && stored_ == content) {
    release_where([&](const Waiter& waiter) { return stored_->tells(waiter.through); });
  }
  due_ = next_time(now);
}

bool PartitionCommits::worth_sending(const CommitContent& content) const {
  if (manual() && waiters_.empty()) return false;
  if (inside_transaction()) return false;
  return stored_ != content;
}

void PartitionCommits::sent(std::uint64_t token, const CommitContent& content, Time now) {
  batches_ = 0;
  overdue_ = false;
  token_ = token;
  in_flight_ = content;
  for (Waiter& waiter : waiters_) waiter.on_its_way = content.tells(waiter.through);
  due_ = next_time(now);
}

void PartitionCommits::acknowledged(std::uint64_t token) {
  if (!in_flight_ || token != token_) return;
  stored_ = std::exchange(in_flight_, std::nullopt);
  ever_acknowledged_ = true;
  if (exactly_once()) turn_wanted_ = true;
  release_where([](const Waiter& waiter) { return waiter.on_its_way; });
}

void PartitionCommits::come_back(std::uint64_t token) {
  if (!in_flight_ || token != token_) return;
  in_flight_.reset();
  stored_.reset();
  halted_ = exactly_once();
  for (Waiter& waiter : waiters_) waiter.on_its_way = false;
  due_ = kAtOnce;
}

void PartitionCommits::failed(std::uint64_t token) {
  come_back(token);
}

std::vector<PartitionCommits::RequestId> PartitionCommits::refused(std::uint64_t token) {
  std::vector<RequestId> requests;
  if (!in_flight_ || token != token_) return requests;
  std::erase_if(waiters_, [&](const Waiter& waiter) {
    if (waiter.kind != Waiter::Kind::request || !waiter.on_its_way) return false;
    requests.push_back(waiter.who);
    return true;
  });
  come_back(token);
  return requests;
}

void PartitionCommits::put_off(Time until) {
  if (!ended_) {
    not_before_ = until;
    return;
  }
  gave_up_ = std::exchange(refused_at_end_, true);
}

// --- the end

void PartitionCommits::end() {
  ended_ = true;
  not_before_ = Time::min();
  if (!manual() || !waiters_.empty()) due_ = kAtOnce;
}

bool PartitionCommits::clean(const std::optional<CommitContent>& content) const {
  if (in_flight_) return false;
  if (gave_up_) return true;
  if ((manual() && waiters_.empty()) || inside_transaction()) return true;
  return !content || stored_ == content;
}

std::vector<PartitionCommits::RequestId> PartitionCommits::drop_waiters() {
  std::vector<RequestId> requests = take_answered();
  for (const Waiter& waiter : waiters_) {
    if (waiter.kind == Waiter::Kind::request) requests.push_back(waiter.who);
  }
  waiters_.clear();
  released_.clear();
  batch_waits_ = false;
  blocked_.assign(blocked_.size(), false);
  return requests;
}

}  // namespace braid::core
