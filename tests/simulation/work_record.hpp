#pragma once

#include "simulation/fake_kafka.hpp"
#include "simulation/incarnation.hpp"
#include "simulation/world.hpp"

#include <braid/message.hpp>

#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace braid::simulation {

// What the user code of one virtual partition was given in one incarnation, and what became of it: the plain
// record, by which all guarantees go. Worked on is what is not to begin again; done is what may be committed. Under
// automatic offsets that is the same, under manual ones only marks make it done.
//
// It works out by itself what the topic's rules make of a failed attempt: which message is to blame, what becomes
// of it, and what comes next. Thread: one.
class WorkRecord : public std::enable_shared_from_this<WorkRecord> {
 public:
  // `dead`: the process has crashed, and what it does does not count.
  WorkRecord(World& world, FakeKafka& kafka, const bool& dead, std::shared_ptr<Incarnation> incarnation,
             std::uint32_t virtual_partition);

  // What is left of these, of which each waits for a retry, is one share from now on, and this record's; it begins
  // with these messages. Some of them may have failed before anybody was given them; with `any_attempt` all of it.
  void collapse(std::span<const std::shared_ptr<WorkRecord>> all, std::span<const Message> messages,
                bool any_attempt);
  [[nodiscard]] bool collapsed() const { return collapsed_; }
  // There is more to come of the share in hand.
  [[nodiscard]] bool goes_on() const { return goes_on_; }

  // What must come next; none: a share that begins.
  [[nodiscard]] std::optional<ExpectedAttempt> expected() const;
  // User code sees these now, some of them again.
  void give(std::span<const Message> messages, std::uint32_t attempt);
  // All up to there is done. `in_call`: said to the attempt in hand, not by way of the virtual partition.
  void mark(std::int64_t through, bool in_call);

  // --- explicit outcomes of the attempt in hand

  [[nodiscard]] bool can_give_up(std::int64_t offset) const;
  void said_skip(std::int64_t offset);
  void said_dead_letter(std::int64_t offset);
  void said_retry_after(engine::Duration pause);
  // What the attempt has said of messages behind its last mark does not count: it has lost records.
  void withdraw_said();
  // One message at a time: this one.
  void take_in_hand(std::int64_t offset) { in_hand_ = offset; }

  // --- how the attempt ended

  // It ended well, or it did not: what is left of it comes again, or what its topic says becomes of it.
  void returned();
  void failed(const std::exception_ptr& failure);
  // It is not known since when.
  void forget_pause() { not_before_ = {}; }

  // The broker has taken the dead letter of that message, and has said so.
  void acknowledged(std::int64_t offset);

  // A commit of all that is done by now is asked for.
  void asked();
  // Somebody waits for such a commit; the end says whether what was done at the beginning is stored.
  [[nodiscard]] std::size_t begin_wait();
  [[nodiscard]] bool end_wait(std::size_t wait);

  [[nodiscard]] Incarnation& incarnation() const { return *incarnation_; }
  [[nodiscard]] std::uint32_t virtual_partition() const { return virtual_partition_; }
  [[nodiscard]] VirtualPartitionFacts& facts() {
    return collapsed_ ? own_facts_ : incarnation_->virtual_partitions[virtual_partition_];
  }
  [[nodiscard]] const Promises& promises() const;
  // Given, and neither done nor dropped: how many, and the offset of one.
  [[nodiscard]] std::size_t open() const { return open_.size(); }
  [[nodiscard]] std::int64_t open_at(std::size_t index) const { return open_[index].offset; }

 private:
  struct Given {
    std::int64_t offset;
    int key;
  };
  // A message of the share in hand.
  struct Piece {
    std::int64_t offset;
    int key;
    bool said_skip = false;
    bool letter = false;  // on its way to dead letters: nothing from there on is done
    bool given_up = false;
    bool was_parked = false;
  };
  struct Failed {
    std::optional<std::size_t> culprit;  // index
    std::size_t first = 0;               // of those that may be to blame
    bool worth_retrying = true;
  };

  // Takes over what is left of another record.
  void take_left(WorkRecord& other);
  void finish(const Given& given);
  void worked_on(const Given& given);
  void begin_share(std::span<const Message> messages);
  [[nodiscard]] Piece* find(std::int64_t offset);
  [[nodiscard]] std::size_t count_up_to(std::int64_t through) const;
  [[nodiscard]] std::size_t bound() const;  // the first piece that is on its way to dead letters
  [[nodiscard]] std::size_t first_unfinished() const;
  [[nodiscard]] std::size_t window_end(std::size_t from) const;
  [[nodiscard]] std::size_t given_up() const;

  // What marks, returns and what was given up make done.
  void apply();
  void settle();
  void end_attempt();
  // What the attempt got done, or gave up, is not what it fails at.
  void count_anew();
  void take_explicit();
  [[nodiscard]] std::vector<std::size_t> suspects() const;
  [[nodiscard]] Failed find_culprit(const std::exception_ptr& failure) const;
  [[nodiscard]] routing::Decision decide(const Failed& failed) const;
  void carry_out(routing::Decision decision, const Failed& failed);
  [[nodiscard]] std::chrono::nanoseconds pause_least_of_any() const;
  void shorten_pause();
  void retry(std::chrono::nanoseconds pause);
  void give_up(Piece& piece);
  void park(Piece& piece);
  void post(Piece& piece);
  void drop();

  World& world_;
  FakeKafka& kafka_;
  const bool& dead_;
  std::shared_ptr<Incarnation> incarnation_;
  std::uint32_t virtual_partition_;
  std::int64_t given_through_ = -1;
  std::int64_t marked_through_ = -1;  // as it was said, whatever is on its way to dead letters
  std::deque<Given> open_;
  bool collapsed_ = false;
  VirtualPartitionFacts own_facts_;

  // --- the share in hand

  std::vector<Piece> share_;
  bool goes_on_ = false;  // there is more to come of it
  bool inside_ = false;   // an attempt is under way
  bool singly_ = false;
  bool waits_ = false;      // it comes again with what all others have left, or never, and not by itself
  bool fuzzy_ = false;      // marked from outside: it may count its attempts in several ways
  std::size_t said_ = 0;    // so many from the front are said to be done, within calls
  std::size_t passed_ = 0;  // manual offsets: attempts that ended well had so many
  std::size_t window_from_ = 0;
  std::size_t window_to_ = 0;
  std::uint32_t attempt_ = 1;
  std::uint32_t failures_ = 0;  // of attempts, since they were last counted anew
  std::size_t attempted_from_ = 0;
  std::size_t given_up_before_ = 0;
  std::optional<engine::Duration> retry_after_;
  std::optional<std::int64_t> in_hand_;
  engine::Time not_before_{};
};

}  // namespace braid::simulation
