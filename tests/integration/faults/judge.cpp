#include "integration/faults/judge.hpp"

#include "core/offsets/gap_codec.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <tuple>
#include <utility>

namespace braid::faults {
namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kTold = 3;  // faults of one kind that are told in full
constexpr std::int64_t kNanosecondsAMillisecond = 1'000'000;

// A process and one assignment of a partition to it.
using Owner = std::pair<std::int32_t, std::uint64_t>;

// What a commit tells of: all below the position, and ranges beyond it.
struct Coverage {
  std::int64_t stored_ms = 0;
  std::int64_t position = 0;
  std::vector<core::OffsetRange> beyond;

  [[nodiscard]] bool tells_of(std::int64_t offset) const {
    if (offset < position) return true;
    return std::any_of(beyond.begin(), beyond.end(), [&](const core::OffsetRange& range) {
      return range.first.value <= offset && offset <= range.last.value;
    });
  }
};

struct OwnerOfPartition {
  std::int64_t began = 0;          // its first message; 0: none has
  const Coverage* from = nullptr;  // the commit that it started from
  std::map<std::uint32_t, std::int64_t> last_of_key;
  std::set<std::int64_t> begun;
  std::map<std::int64_t, int> running;  // messages, by virtual partition
  std::set<std::int64_t> ended;         // virtual partitions
};

struct Partition {
  std::vector<Coverage> commits;
  std::map<std::int64_t, std::int64_t> ended;  // offset: when it was first ended
  std::map<std::int64_t, std::set<Owner>> running;
  std::map<Owner, OwnerOfPartition> owners;
  std::optional<Owner> newest;
  std::int64_t moved = 0;  // when a message of it was last ended for the first time
};

class Judgement {
 public:
  Judgement(const Evidence& evidence, const Expectation& expectation)
      : evidence_(evidence), expectation_(expectation) {}

  Verdict pronounce() {
    partitions_.resize(evidence_.ends.size());
    for (const StoredCommit& commit : evidence_.commits) note(commit);
    for (const JournalEntry& entry : evidence_.journal) {
      if (entry.kind == JournalEntry::Kind::last) {
        if (entry.offset != 0) fault("offsets were jumped over", entry);
        continue;
      }
      if (entry.partition < 0 || static_cast<std::size_t>(entry.partition) >= partitions_.size()) {
        fault("no such partition", entry);
        continue;
      }
      switch (entry.kind) {
        case JournalEntry::Kind::begin:
          begin(entry);
          break;
        case JournalEntry::Kind::end:
          end(entry);
          break;
        default:
          farewell(entry);
          break;
      }
    }
    judge_commits();
    judge_ends();
    for (const auto& [kind, count] : counts_) {
      if (count > kTold) verdict_.faults.push_back(kind + ": " + std::to_string(count) + " times in all");
    }
    return std::move(verdict_);
  }

 private:
  void fault(const std::string& kind, const std::string& where) {
    if (++counts_[kind] <= kTold) verdict_.faults.push_back(kind + ": " + where);
  }
  void fault(const std::string& kind, const JournalEntry& entry, const std::string& more = {}) {
    fault(kind, more + "process " + std::to_string(entry.process) + ", generation " +
                    std::to_string(entry.generation) + ", partition " + std::to_string(entry.partition) +
                    ", offset " + std::to_string(entry.offset) + ", key " + std::to_string(entry.key) +
                    ", number " + std::to_string(entry.number) + ", at " +
                    std::to_string(entry.nanoseconds / kNanosecondsAMillisecond) + " ms");
  }

  void note(const StoredCommit& commit) {
    if (commit.partition < 0 || static_cast<std::size_t>(commit.partition) >= partitions_.size()) return;
    Partition& partition = partitions_[static_cast<std::size_t>(commit.partition)];
    auto decoded = core::decode_gaps(commit.metadata, CommitPosition{commit.position});
    const std::string where =
        "partition " + std::to_string(commit.partition) + ", position " + std::to_string(commit.position);
    if (decoded.verdict != core::DecodedGaps::Verdict::good) fault("a commit's metadata can't be read", where);
    if (!partition.commits.empty() && partition.commits.back().position > commit.position) {
      fault("a position moved back", where + " after " + std::to_string(partition.commits.back().position) +
                                         ", at " + std::to_string(commit.stored_ms) + " ms");
    }
    partition.commits.push_back({commit.stored_ms, commit.position, std::move(decoded.done)});
  }

  OwnerOfPartition& owner_of(const JournalEntry& entry, Partition& partition) {
    const Owner name{entry.process, entry.generation};
    OwnerOfPartition& owner = partition.owners[name];
    if (owner.began == 0) {
      owner.began = entry.nanoseconds;
      for (const Coverage& commit : partition.commits) {
        // Within its millisecond it may have been stored later than this.
        if ((commit.stored_ms + 1) * kNanosecondsAMillisecond > entry.nanoseconds) break;
        owner.from = &commit;
      }
      partition.newest = name;
    } else if (partition.newest != name) {
      ++verdict_.outlived;
      if (!expectation_.all_may_outlive && !expectation_.outlived.contains(entry.process)) {
        fault("an owner works on after the next one has begun", entry);
      }
    }
    return owner;
  }

  void begin(const JournalEntry& entry) {
    Partition& partition = partitions_[static_cast<std::size_t>(entry.partition)];
    OwnerOfPartition& owner = owner_of(entry, partition);

    const auto [last, first] = owner.last_of_key.try_emplace(entry.key, -1);
    if (entry.offset <= last->second) fault("a key went back within one assignment", entry);
    last->second = entry.offset;
    if (!owner.begun.insert(entry.offset).second) fault("a message was begun twice in one assignment", entry);
    if (owner.ended.contains(entry.virtual_partition)) fault("a message was begun behind the farewell", entry);
    ++owner.running[entry.virtual_partition];

    // 0, 1, 2, ... of a key, whoever works on it.
    const std::int64_t next = next_of_key_[entry.key];
    if (entry.number > next) {
      fault("a message was begun before the one ahead of it had been ended", entry,
            "number " + std::to_string(next) + " before ");
    }

    auto& open = open_of_key_[{entry.process, entry.key}];
    if (!open.empty()) {
      fault("two messages of a key at once in one process", entry,
            "offset " + std::to_string(*open.begin()) + " beside ");
    }
    open.insert(entry.offset);

    if (const auto ended = partition.ended.find(entry.offset); ended != partition.ended.end()) {
      ++verdict_.duplicates;
      if (owner.from != nullptr && owner.from->tells_of(entry.offset)) {
        ++verdict_.unexplained;
        fault("done again though the commit that its owner started from told of it", entry,
              "position " + std::to_string(owner.from->position) + ", ");
      }
      verdict_.rework_s = std::max(verdict_.rework_s, static_cast<double>(owner.began - ended->second) / 1e9);
    } else if (!partition.running[entry.offset].empty()) {
      ++verdict_.unfinished;
    }
    partition.running[entry.offset].insert({entry.process, entry.generation});
  }

  void farewell(const JournalEntry& entry) {
    Partition& partition = partitions_[static_cast<std::size_t>(entry.partition)];
    OwnerOfPartition& owner = partition.owners[{entry.process, entry.generation}];
    if (owner.running[entry.virtual_partition] != 0) fault("a farewell beside a message that runs", entry);
    if (!owner.ended.insert(entry.virtual_partition).second) fault("a second farewell", entry);
  }

  void end(const JournalEntry& entry) {
    Partition& partition = partitions_[static_cast<std::size_t>(entry.partition)];
    --partition.owners[{entry.process, entry.generation}].running[entry.virtual_partition];
    if (open_of_key_[{entry.process, entry.key}].erase(entry.offset) == 0) {
      fault("ended and not begun", entry);
    }
    if (!partition.ended.try_emplace(entry.offset, entry.nanoseconds).second) return;
    std::int64_t& next = next_of_key_[entry.key];
    if (entry.number == next) ++next;
    const std::int64_t could = std::max(partition.moved, entry.appended_ms * kNanosecondsAMillisecond);
    verdict_.stall_s = std::max(verdict_.stall_s, static_cast<double>(entry.nanoseconds - could) / 1e9);
    partition.moved = std::max(partition.moved, entry.nanoseconds);
  }

  // A commit covers only what somebody had ended when it was stored.
  void judge_commits() {
    for (std::size_t number = 0; number < partitions_.size(); ++number) {
      const Partition& partition = partitions_[number];
      std::set<std::int64_t> looked_at;  // beyond the position
      std::int64_t position = 0;
      for (const Coverage& commit : partition.commits) {
        const auto look = [&](std::int64_t offset) {
          const auto ended = partition.ended.find(offset);
          const std::int64_t when = ended == partition.ended.end() ? kNever : ended->second;
          if (when <= (commit.stored_ms + 1) * kNanosecondsAMillisecond) return;
          fault("a commit covers what nobody had ended",
                "partition " + std::to_string(number) + ", offset " + std::to_string(offset) + ", position " +
                    std::to_string(commit.position) + ", stored at " + std::to_string(commit.stored_ms) + " ms" +
                    (when == kNever ? ", never ended" : ""));
        };
        for (; position < commit.position; ++position) {
          if (looked_at.erase(position) == 0) look(position);
        }
        for (const core::OffsetRange& range : commit.beyond) {
          for (std::int64_t offset = range.first.value; offset <= range.last.value; ++offset) {
            if (offset >= position && looked_at.insert(offset).second) look(offset);
          }
        }
      }
    }
  }

  void judge_ends() {
    for (std::size_t number = 0; number < partitions_.size(); ++number) {
      const Partition& partition = partitions_[number];
      const std::string where = "partition " + std::to_string(number);
      const std::int64_t end = evidence_.ends[number];
      verdict_.messages += static_cast<std::size_t>(end);
      for (std::int64_t offset = 0; offset < end; ++offset) {
        if (partition.ended.contains(offset)) continue;
        ++verdict_.lost;
        fault("lost", where + ", offset " + std::to_string(offset));
      }
      const std::int64_t position = number < evidence_.positions.size() ? evidence_.positions[number] : -1;
      // A group that never had anything of a partition to commit has no position there.
      if (position != end && !(end == 0 && position == -1)) {
        fault("the position is not at the end",
              where + ", position " + std::to_string(position) + ", end " + std::to_string(end));
      }
    }
    for (const auto& [key, count] : evidence_.acknowledged) {
      if (next_of_key_[key] >= count) continue;
      fault("acknowledged and never ended in order", "key " + std::to_string(key) + ", number " +
                                                         std::to_string(next_of_key_[key]) + " of " +
                                                         std::to_string(count));
    }
  }

  const Evidence& evidence_;
  const Expectation& expectation_;
  std::vector<Partition> partitions_;
  std::map<std::uint32_t, std::int64_t> next_of_key_;
  std::map<std::pair<std::int32_t, std::uint32_t>, std::set<std::int64_t>> open_of_key_;  // by process and key
  std::map<std::string, std::size_t> counts_;
  Verdict verdict_;
};

}  // namespace

Verdict judge(const Evidence& evidence, const Expectation& expectation) {
  return Judgement(evidence, expectation).pronounce();
}

}  // namespace braid::faults
