#include "simulation/guarantees_of_recovery.hpp"

#include "simulation/fake_kafka.hpp"
#include "simulation/work_record.hpp"

#include <braid/batch.hpp>

#include <fmt/format.h>

#include <string>

namespace braid::simulation {

namespace {

std::string where(const JobFacts& job) {
  return fmt::format("#{}.{}", job.incarnation->partition, job.virtual_partition);
}

// Behind an attempt that did not end its share comes what is left of it, and exactly that: nothing that is done,
// was skipped or is a dead letter, nothing before its letters are acknowledged, one message at a time where nobody
// knows who is to blame, not before its pause is over.
class NextAttempt final : public Guarantee {
 public:
  using Guarantee::Guarantee;
  [[nodiscard]] const char* name() const override { return "the next attempt is what is left"; }
  void job_begins(const JobFacts& job) override {
    for (const Message& message : *job.batch) {
      if (!job.incarnation->given_up.contains(message.offset().value)) continue;
      violated(fmt::format("{}: {} begins, which was given up", where(job), message.offset().value));
    }
    if (!job.expected) return;
    checked();
    const ExpectedAttempt& next = *job.expected;
    const std::int64_t first = job.batch->front().offset().value;
    const std::int64_t last = job.batch->back().offset().value;
    if (next.waits) {
      violated(fmt::format("{}: {} begins, and a dead letter is not acknowledged", where(job), first));
    }
    if (first != next.first || last != next.last || job.batch->size() != next.size) {
      violated(fmt::format("{}: {} to {} begin ({}), {} to {} ({}) are next", where(job), first, last,
                           job.batch->size(), next.first, next.last, next.size));
    }
    if (world_.clock.now() < next.not_before)
      violated(fmt::format(
          "{}: {} begins {} us too early", where(job), first,
          std::chrono::duration_cast<std::chrono::microseconds>(next.not_before - world_.clock.now()).count()));
  }
};

// They count from 1 for the first unfinished message, and start anew when that moves or a message is given up; so
// that nothing is given up before its retries are used up.
class AttemptsCount final : public Guarantee {
 public:
  using Guarantee::Guarantee;
  [[nodiscard]] const char* name() const override { return "attempts are counted"; }
  void job_begins(const JobFacts& job) override {
    if (!job.expected) return;
    checked();
    const std::uint32_t attempt = job.batch->attempt();
    if (attempt == job.expected->attempt || job.expected->any_attempt) return;
    violated(fmt::format("{}: attempt {} of {} begins, {} is next", where(job), attempt,
                         job.batch->front().offset().value, job.expected->attempt));
  }
};

// Only what failed alone, or was named, and had its retries, is ever a dead letter; and nothing is sent of a
// partition that is given back.
class OnlyCulprits final : public Guarantee {
 public:
  using Guarantee::Guarantee;
  [[nodiscard]] const char* name() const override { return "only culprits are dead letters"; }
  void letter_sent(const LetterSent& letter) override {
    checked();
    const int partition = letter.partition->index;
    if (letter.incarnation == nullptr || letter.incarnation->ended || letter.incarnation->ending) {
      violated(fmt::format("#{}: {} is sent, though its assignment has ended", partition, letter.offset));
    }
    const auto due = letter.incarnation->letters.find(letter.offset);
    if (due == letter.incarnation->letters.end()) {
      violated(fmt::format("#{}: {} is sent, which nobody has to blame", partition, letter.offset));
    }
    if (std::to_string(due->second.attempts) != letter.attempts) {
      violated(fmt::format("#{}: {} is sent behind {} attempts, its letter says {}", partition, letter.offset,
                           due->second.attempts, letter.attempts));
    }
    if (letter.incarnation->parked.contains(letter.offset)) world_.happened(Happening::parked_too_many);
  }
};

// What is parked is told as a gap, or not at all; the position stays before it. In the end it is all that is left.
class ParkedStays final : public Guarantee {
 public:
  ParkedStays(World& world, Happening check, const GuaranteeSetting& setting)
      : Guarantee(world, check), partitions_(setting.partitions) {}
  [[nodiscard]] const char* name() const override { return "what is parked stays open"; }
  void commit_sent(const Incarnation& of, std::int64_t position) override {
    for (const std::int64_t offset : of.parked) {
      checked();
      if (position <= offset && !of.last_told.contains(offset)) continue;
      violated(fmt::format("#{}: position {} is sent, and {} is parked", of.partition, position, offset));
    }
  }
  void run_ends() override {
    for (const FakePartition* partition : partitions_) {
      if (partition->promises.at_most_once || partition->promises.recovery.may_park) continue;
      checked();
      const auto left = partition->log.first_unfinished(partition->skipped_below);
      if (left) violated(fmt::format("#{}: {} is neither done nor given up", partition->index, *left));
    }
  }

 private:
  std::vector<FakePartition*> partitions_;
};

}  // namespace

void add_guarantees_of_recovery(World& world, const GuaranteeSetting& setting,
                                std::vector<std::unique_ptr<Guarantee>>& all) {
  all.push_back(std::make_unique<NextAttempt>(world, Happening::checked_next));
  all.push_back(std::make_unique<AttemptsCount>(world, Happening::checked_attempts));
  all.push_back(std::make_unique<OnlyCulprits>(world, Happening::checked_culprits));
  all.push_back(std::make_unique<ParkedStays>(world, Happening::checked_parked, setting));
}

}  // namespace braid::simulation
