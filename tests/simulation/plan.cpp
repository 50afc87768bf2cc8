#include "simulation/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace braid::simulation {

namespace {

using namespace std::chrono_literals;
using When = routing::Commit::When;

// The options of one topic. Thread: one.
class TopicDraw {
 public:
  TopicDraw(World& world, std::int64_t number, std::int64_t partitions_least)
      : world_(world), random_(world.random), partitions_least_(partitions_least) {
    topic_.name = fmt::format("topic-{}", number);
  }

  TopicPlan draw() {
    draw_size();
    if (random_.chance(500)) make_continuous();
    world_.happened(continuous() ? Happening::flow_continuous : Happening::flow_batch);
    draw_reducer();
    draw_commit();
    if (!continuous() && random_.chance(topic_.commit.when == When::interval ? 700 : 150)) make_exactly_once();
    if (!exactly_once_) draw_offsets();
    draw_tickets();
    draw_recovery();
    waits_itself_ = !exactly_once_ && random_.chance(200);
    steered_ = random_.chance(300);
    if (steered_) world_.happened(Happening::steered_by_consumers);
    draw_hooks();
    draw_filter();
    draw_production();
    if (random_.chance(200)) topic_.max_concurrency = static_cast<std::uint32_t>(random_.between(1, 3));
    promise();
    return std::move(topic_);
  }

 private:
  [[nodiscard]] bool continuous() const { return topic_.flow == routing::Flow::continuous; }

  void draw_size() {
    topic_.partitions = static_cast<std::int32_t>(random_.between(partitions_least_, 3));
    topic_.max_messages = static_cast<std::uint32_t>(random_.between(1, random_.chance(300) ? 4 : 40));
    topic_.max_partitions = static_cast<std::uint32_t>(random_.between(1, 6));
    topic_.max_wait = std::chrono::milliseconds(random_.chance(500) ? 0 : random_.between(1, 50));
    if (random_.chance(100)) topic_.initial_offset = routing::InitialOffset::latest;
    topic_.max_bytes = static_cast<std::size_t>(random_.chance(200) ? random_.between(1, 200) : 1'000'000);
  }

  void make_continuous() {
    topic_.flow = routing::Flow::continuous;
    topic_.max_open_offsets = static_cast<std::uint32_t>(random_.between(1, 80));
    topic_.max_queued = static_cast<std::uint32_t>(random_.between(1, 40));
    if (random_.chance(300)) {
      topic_.max_window = topic_.max_open_offsets + static_cast<std::uint32_t>(random_.between(0, 40));
    }
  }

  void draw_reducer() {
    using Kind = routing::Reducer::Kind;
    if (random_.chance(500)) {
      world_.happened(Happening::reducer_hash);
      return;
    }
    topic_.reducer = !continuous() && random_.chance(400) ? Kind::balanced : Kind::sticky;
    world_.happened(topic_.reducer == Kind::balanced ? Happening::reducer_balanced : Happening::reducer_sticky);
  }

  void draw_commit() {
    const std::size_t which = random_.below(100);
    const bool sync = random_.chance(500);
    if (which < 25) {
      set(When::interval, false, Happening::policy_interval);
    } else if (which < 38) {
      set(When::external, false, Happening::policy_external);
    } else if (which < 60) {
      set(When::after_batch, sync, sync ? Happening::policy_after_batch_sync : Happening::policy_after_batch);
    } else if (which < 75) {
      set(When::manual, false, Happening::policy_manual);
    } else if (continuous()) {
      set(When::each_message, sync, sync ? Happening::policy_each_message_sync : Happening::policy_each_message);
    } else {
      set(When::before_processing, false, Happening::policy_before_processing);
    }
  }
  void set(When when, bool sync, Happening drawn) {
    topic_.commit.when = when;
    topic_.commit.sync = sync;
    world_.happened(drawn);
  }

  void make_exactly_once() {
    exactly_once_ = true;
    topic_.commit = {};
    world_.happened(Happening::policy_exactly_once);
    topic_.transaction_interval = std::chrono::milliseconds(random_.between(1, 100));
    if (random_.chance(500)) return;
    topic_.transaction_batches = static_cast<std::uint32_t>(random_.between(2, 10));
    world_.happened(Happening::policy_shared_transactions);
  }

  void draw_offsets() {
    const bool may = topic_.commit.when != When::before_processing &&
                     !(topic_.commit.when == When::each_message && topic_.commit.sync);
    if (!may || !random_.chance(300)) return;
    world_.happened(Happening::offsets_manual);
    topic_.offsets = routing::Offsets::manual;
    if (continuous()) return;
    topic_.max_open_offsets = 2 * topic_.max_messages + static_cast<std::uint32_t>(random_.between(0, 40));
  }

  void draw_tickets() {
    if (!random_.chance(300)) return;
    tickets_ = true;
    if (random_.chance(300)) {
      world_.happened(Happening::tickets_without_timeout);
      return;
    }
    topic_.ticket_timeout = std::chrono::milliseconds(random_.between(5, 300));
    const bool retry = random_.chance(500);
    if (retry) topic_.on_ticket_timeout = routing::OnTicketTimeout::retry;
    world_.happened(retry ? Happening::tickets_overdue_retry : Happening::tickets_overdue_stop);
  }

  void draw_recovery() {
    recovery_ = simulation::draw_recovery(random_, {.manual_offsets = topic_.offsets == routing::Offsets::manual,
                                                    .at_most_once = topic_.commit.when == When::before_processing,
                                                    .tickets = tickets_,
                                                    .continuous = continuous()});
    if (exactly_once_) {
      recovery_.may_park = false;
      if (recovery_.on_exhausted == routing::OnExhausted::park) recovery_.on_exhausted.reset();
      if (recovery_.has_letters()) world_.happened(Happening::transactions_with_letters);
    }
    if (recovery_.max == unlimited) world_.happened(Happening::recovery_unlimited);
    if (recovery_.on_exhausted == routing::OnExhausted::skip) world_.happened(Happening::recovery_skips);
    if (recovery_.has_letters()) world_.happened(Happening::recovery_letters);
    if (recovery_.on_exhausted == routing::OnExhausted::stop) world_.happened(Happening::recovery_stops);
    if (recovery_.collapses) world_.happened(Happening::recovery_collapses);
    if (recovery_.backoff.kind == routing::Backoff::Kind::callable)
      world_.happened(Happening::recovery_own_backoff);
    if (recovery_.topic_of) world_.happened(Happening::recovery_topic_of);
    if (recovery_.strategy) world_.happened(Happening::recovery_strategy);
    if (recovery_.retry_if) world_.happened(Happening::recovery_retry_if);
    if (!recovery_.may_park) return;
    world_.happened(Happening::recovery_parks);
    // As much as is open beside what is parked.
    if (continuous()) {
      topic_.max_open_offsets += static_cast<std::uint32_t>(random_.between(0, 40));
    } else {
      topic_.max_open_offsets = 2 * topic_.max_messages + static_cast<std::uint32_t>(random_.between(0, 40));
    }
  }

  void draw_hooks() {
    if (random_.chance(300)) {
      topic_.tick_every = std::chrono::milliseconds(random_.between(5, random_.chance(500) ? 50 : 500));
      world_.happened(Happening::ticks_wanted);
    }
    topic_.end_of_partition = random_.chance(300);
    if (topic_.end_of_partition) world_.happened(Happening::ends_wanted);
  }

  // Not where consumers hear of ends: one that nothing but skipped messages came before is none.
  void draw_filter() {
    if (topic_.end_of_partition || !random_.chance(250)) return;
    filtered_ = true;
    world_.happened(Happening::filter_wanted);
    if (random_.chance(500)) filter_stage_ = FilterStage::virtual_partition;
  }

  // Where nothing is done but by the attempts that are seen here.
  void draw_production() {
    const bool may = !exactly_once_ && !tickets_ && !steered_ && !filtered_ &&
                     topic_.offsets == routing::Offsets::automatic && topic_.commit.when != When::external &&
                     topic_.commit.when != When::before_processing && recovery_.says != Says::one_at_a_time;
    if (!may || !random_.chance(600)) return;
    produces_ = true;
    world_.happened(Happening::policy_produces);
  }

  void promise() {
    const bool sticky = topic_.reducer == routing::Reducer::Kind::sticky;
    const bool bounded_window = topic_.max_window < 1'000'000;
    topic_.promises = {
        .continuous = continuous(),
        .keys_stay = topic_.reducer == routing::Reducer::Kind::hash,
        // Held back they are placed later.
        .keys_stay_in_flight = sticky && continuous() && !bounded_window && !filtered_,
        .window = bounded_window ? topic_.max_window : 0,
        .waits_for_commit = topic_.commit.sync,
        .on_demand = topic_.commit.when == When::manual,
        .manual_offsets = topic_.offsets == routing::Offsets::manual,
        .external = topic_.commit.when == When::external,
        .exactly_once = exactly_once_,
        .tick_every = topic_.tick_every,
        .end_of_partition = topic_.end_of_partition,
        .filtered = filtered_,
        .filter_stage = filter_stage_,
        .steered = steered_,
        .produces = produces_,
        .tickets = tickets_,
        .ticket_timeout = topic_.ticket_timeout,
        .overdue_is_retried = topic_.on_ticket_timeout == routing::OnTicketTimeout::retry,
        .waits_itself = waits_itself_,
        .at_most_once = topic_.commit.when == When::before_processing,
        .max_messages = topic_.commit.when == When::each_message ? 1 : topic_.max_messages,
        .max_wait = topic_.max_wait,
        .max_concurrency = topic_.max_concurrency,
        .recovery = recovery_,
    };
  }

  World& world_;
  Random& random_;
  std::int64_t partitions_least_;
  TopicPlan topic_;
  bool tickets_ = false;
  TopicRecovery recovery_;
  bool waits_itself_ = false;
  bool steered_ = false;
  bool exactly_once_ = false;
  bool filtered_ = false;
  bool produces_ = false;
  FilterStage filter_stage_ = FilterStage::partition;
};

Bounds bounds_of(const TopicPlan& topic) {
  // Each worker may be on its way out of a batch that has settled, and each such batch's mail unread.
  const std::size_t leaving = (2 + 2 * kWorkersMost) * topic.max_messages;
  const bool settles_alone = topic.flow == routing::Flow::batch && topic.offsets == routing::Offsets::automatic &&
                             !topic.promises.recovery.may_park;
  const std::size_t open = settles_alone ? 2 * topic.max_messages : topic.max_open_offsets;
  return {open, open + leaving};
}

}  // namespace

// Each seed has a character of its own: a mild one lets long chains of events through that trouble would cut off.
Plan draw_plan(World& world, FakeKafka& kafka) {
  Random& random = world.random;
  Plan plan;
  world.preempt_often = static_cast<std::uint32_t>(random.between(0, 250));
  const std::uint32_t mood = static_cast<std::uint32_t>(random.between(0, 3));  // how bad it is
  plan.trouble_often = static_cast<std::uint32_t>(random.between(1, 12)) * (mood + 1);
  kafka.nastiness = {.partial_take = 100 * mood,
                     .stale_redelivery = 250 * mood,
                     .skip_unless_repositioned = 300,
                     .commit_fails = 60 * mood,
                     .commit_answer_lost = 40 * mood,
                     .read_fails = 80 * mood,
                     .read_incomplete = 60 * mood,
                     .metadata_damaged = 80 * mood,
                     .error = 5 * mood,
                     .restart_fails = 80 * mood};
  ProcessPlan& process = plan.process;
  process.commit_interval = std::chrono::milliseconds(random.between(1, 200));
  process.drain_on_revoke = std::chrono::milliseconds(random.between(1, 400));
  kafka.drain_on_revoke = process.drain_on_revoke;
  if (random.chance(250)) process.commit_metadata_bytes = static_cast<std::size_t>(random.between(0, 40));
  process.manners.pauses = static_cast<std::uint32_t>(random.between(50, 600));
  process.manners.throws = 20 * mood;
  process.manners.throws_int = 7 * mood;
  process.manners.long_pause = 4 * mood;
  process.manners.long_pause_most = 2 * process.drain_on_revoke + 3s;
  process.manners.factory_fails = 10 * mood;
  process.manners.marks_all = static_cast<std::uint32_t>(random.between(0, 600));
  process.manners.settles_late = 30 * mood;
  process.manners.letters_fail = 80 * mood;
  process.manners.letters_late = 40 * mood;
  process.manners.records_fail = 20 * mood;
  process.manners.records_late = 30 * mood;
  process.manners.keeps = random.chance(300) ? 150 : 0;
  const std::int64_t topics = random.between(1, 2);
  std::int64_t left = kPartitionsLeast;
  for (std::int64_t i = 0; i < topics; ++i) {
    const bool last = i + 1 == topics;
    TopicPlan topic = TopicDraw(world, i, last ? std::max<std::int64_t>(left, 1) : 1).draw();
    left -= topic.partitions;
    for (std::int32_t number = 0; number < topic.partitions; ++number) {
      kafka.add_partition(topic.name, number, bounds_of(topic), topic.promises);
    }
    // What is parked holds the position, so that who waits for a commit needs room for what is behind it.
    if (topic.promises.recovery.may_park) process.commit_metadata_bytes = 4'095;
    process.topics.push_back(std::move(topic));
  }
  kafka.metadata_bytes = process.commit_metadata_bytes;
  if (random.chance(200)) process.max_processing_time = std::chrono::milliseconds(random.between(20, 2000));
  return plan;
}

}  // namespace braid::simulation
