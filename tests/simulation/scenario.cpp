#include "simulation/scenario.hpp"

#include "simulation/fake_client.hpp"
#include "simulation/fake_kafka.hpp"
#include "simulation/guarantees.hpp"
#include "simulation/process.hpp"
#include "simulation/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

namespace braid::simulation {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kProcessesMost = 3;
constexpr std::size_t kWorkersMost = 4;
constexpr std::uint64_t kStepsMost = 400'000;  // of the calm; far more than any run needs
constexpr auto kCalmMost = 10min;              // likewise, of simulated time

const World* running_world = nullptr;

class Scenario {
 public:
  Scenario(std::uint64_t seed, Census& census) : world_(seed, census), kafka_(make_kafka()), plan_(make_plan()) {
    running_world = &world_;
    GuaranteeSetting setting;
    for (const auto& partition : kafka_.partitions()) setting.partitions.push_back(partition.get());
    guarantees_ = std::make_unique<Guarantees>(world_, setting);
    kafka_.begin(*guarantees_);
  }

  Outcome run() {
    produce(static_cast<std::size_t>(world_.random.between(20, 250)));
    start_process();
    const auto trouble = static_cast<std::uint64_t>(world_.random.between(300, 2500));
    for (; world_.step < trouble && !world_.failed(); ++world_.step) {
      if (world_.random.chance(trouble_often_)) {
        make_trouble();
      } else {
        move_on();
      }
      tidy_up();
    }
    calm_down();
    stop_all();
    return {world_.failure(), world_.step, world_.failed() ? world_.trace_text() : std::string()};
  }
  [[nodiscard]] bool failed() const { return world_.failed(); }

 private:
  FakeKafka make_kafka() {
    Random& random = world_.random;
    const auto protocol = random.chance(500) ? FakeGroup::Protocol::eager : FakeGroup::Protocol::cooperative;
    return {world_, protocol, std::chrono::milliseconds(random.between(500, 8000)),
            static_cast<std::size_t>(random.between(2, 30))};
  }

  // Each seed has a character of its own: a mild one lets long chains of events through that trouble would cut off.
  ProcessPlan make_plan() {
    Random& random = world_.random;
    world_.preempt_often = static_cast<std::uint32_t>(random.between(0, 250));
    const std::uint32_t mood = static_cast<std::uint32_t>(random.between(0, 3));  // how bad it is
    trouble_often_ = static_cast<std::uint32_t>(random.between(1, 12)) * (mood + 1);
    kafka_.nastiness = {.partial_take = 100 * mood,
                        .stale_redelivery = 250 * mood,
                        .skip_unless_repositioned = 300,
                        .commit_fails = 60 * mood,
                        .commit_answer_lost = 40 * mood,
                        .read_fails = 80 * mood,
                        .read_incomplete = 60 * mood,
                        .metadata_damaged = 80 * mood,
                        .error = 5 * mood};
    ProcessPlan plan;
    plan.commit_interval = std::chrono::milliseconds(random.between(1, 200));
    plan.drain_on_revoke = std::chrono::milliseconds(random.between(1, 400));
    kafka_.drain_on_revoke = plan.drain_on_revoke;
    plan.manners.pauses = static_cast<std::uint32_t>(random.between(50, 600));
    plan.manners.throws = 20 * mood;
    plan.manners.throws_int = 7 * mood;
    plan.manners.long_pause = 4 * mood;
    plan.manners.long_pause_most = 2 * plan.drain_on_revoke + 3s;
    plan.manners.factory_fails = 10 * mood;
    const std::int64_t topics = random.between(1, 2);
    for (std::int64_t i = 0; i < topics; ++i) {
      TopicPlan topic;
      topic.name = fmt::format("topic-{}", i);
      topic.partitions = static_cast<std::int32_t>(random.between(1, 3));
      topic.max_messages = static_cast<std::uint32_t>(random.between(1, random.chance(300) ? 4 : 40));
      topic.max_partitions = static_cast<std::uint32_t>(random.between(1, 6));
      topic.max_wait = std::chrono::milliseconds(random.chance(500) ? 0 : random.between(1, 50));
      topic.retry_backoff = std::chrono::milliseconds(random.between(1, 60));
      if (random.chance(100)) topic.initial_offset = routing::InitialOffset::latest;
      topic.max_bytes = static_cast<std::size_t>(random.chance(200) ? random.between(1, 200) : 1'000'000);
      if (random.chance(500)) make_continuous(topic);
      if (random.chance(200)) topic.max_concurrency = static_cast<std::uint32_t>(random.between(1, 3));
      for (std::int32_t number = 0; number < topic.partitions; ++number) {
        kafka_.add_partition(topic.name, number, bounds_of(topic));
      }
      plan.topics.push_back(std::move(topic));
    }
    return plan;
  }

  void make_continuous(TopicPlan& topic) {
    Random& random = world_.random;
    topic.flow = routing::Flow::continuous;
    topic.max_open_offsets = static_cast<std::uint32_t>(random.between(1, 80));
    topic.max_queued = static_cast<std::uint32_t>(random.between(1, 40));
  }

  static Bounds bounds_of(const TopicPlan& topic) {
    // Each worker may be on its way out of a batch that has settled, and each such batch's mail unread.
    const std::size_t leaving = (2 + 2 * kWorkersMost) * topic.max_messages;
    const std::size_t open = topic.flow == routing::Flow::batch ? 2 * topic.max_messages : topic.max_open_offsets;
    return {open, open + leaving};
  }

  void start_process() {
    ProcessPlan plan = plan_;
    plan.connections = static_cast<std::uint32_t>(world_.random.between(1, 2));
    plan.workers = static_cast<std::uint32_t>(world_.random.between(1, kWorkersMost));
    plan.max_bytes_in_flight = static_cast<std::size_t>(world_.random.chance(200) ? 300 : 1'000'000);
    plan.queue_limit = static_cast<std::size_t>(world_.random.between(1, 8));
    processes_.push_back(std::make_unique<Process>(world_, kafka_, ++process_count_, plan));
  }

  void produce(std::size_t count) {
    for (; count > 0; --count) {
      FakePartition& partition = *world_.random.one_of(kafka_.partitions());
      if (world_.random.chance(50)) partition.log.leave_hole(world_.random.between(1, 5));
      const bool keyless = world_.random.chance(80);
      partition.log.append(keyless ? -1 : static_cast<int>(world_.random.below(kafka_.keys())));
    }
    // What ends a transaction takes an offset that nobody is given.
    if (world_.random.chance(300)) world_.random.one_of(kafka_.partitions())->log.leave_hole(1);
  }

  void trim() {
    FakePartition& partition = *world_.random.one_of(kafka_.partitions());
    if (partition.log.records().empty()) return;
    const std::int64_t to = world_.random.between(partition.log.start(), partition.log.end());
    world_.trace("retention trims up to {}", -1, partition.index, to);
    world_.happened(Happening::log_trimmed);
    partition.log.trim(to);
  }

  [[nodiscard]] std::vector<Process*> alive() const {
    std::vector<Process*> alive;
    for (const auto& process : processes_) {
      if (process->alive()) alive.push_back(process.get());
    }
    return alive;
  }

  void make_trouble() {
    Random& random = world_.random;
    std::vector<Process*> running = alive();
    const std::size_t which = random.below(100);
    if (which < 30) {
      produce(static_cast<std::size_t>(random.between(1, 40)));
    } else if (which < 45) {
      if (running.size() < kProcessesMost) start_process();
    } else if (which < 58) {
      world_.trace("the group rebalances");
      kafka_.group.rebalance();
    } else if (which < 68) {
      const engine::Duration within =
          std::chrono::milliseconds(random.chance(300) ? random.between(0, 30) : random.between(0, 8000));
      if (!running.empty()) random.one_of(running)->stop(within);
    } else if (which < 75) {
      if (!running.empty()) random.one_of(running)->crash();
    } else if (which < 85) {
      if (!kafka_.group.members().empty()) {
        auto members = kafka_.group.members();
        kafka_.group.declare_dead(*random.one_of(members));
      }
    } else if (which < 88) {
      trim();
    } else {
      world_.clock.advance(std::chrono::milliseconds(random.between(1, 1500)));
    }
    if (alive().empty() && random.chance(700)) start_process();
  }

  // One step of what is under way.
  void move_on() {
    kafka_.group.check_timeouts();
    // Members of processes that have died are declared dead some time.
    Random& random = world_.random;
    const std::size_t which = random.below(100);
    if (which < 3) world_.clock.advance(std::chrono::microseconds(random.between(1, 2000)));
    if (which < 25 && step_network()) return;
    if (which < 40 && begin_job()) return;
    if (run_a_task()) return;
    if (begin_job() || step_network()) return;
    skip_to_next_event();
  }

  bool run_a_task() {
    std::vector<Task*> runnable;
    for (const auto& task : world_.tasks()) {
      if (world_.runnable(*task)) runnable.push_back(task.get());
    }
    if (runnable.empty()) return false;
    world_.run(*world_.random.one_of(runnable));
    return true;
  }

  bool begin_job() {
    if (processes_.empty()) return false;
    const std::size_t from = world_.random.below(processes_.size());
    for (std::size_t i = 0; i < processes_.size(); ++i) {
      if (processes_[(from + i) % processes_.size()]->pool().begin_one()) return true;
    }
    return false;
  }

  bool step_network() {
    if (kafka_.clients.empty()) return false;
    const std::size_t from = world_.random.below(kafka_.clients.size());
    for (std::size_t i = 0; i < kafka_.clients.size(); ++i) {
      if (kafka_.clients[(from + i) % kafka_.clients.size()]->step_network()) return true;
    }
    return false;
  }

  void skip_to_next_event() {
    std::optional<engine::Time> next = kafka_.group.next_timeout();
    for (const auto& task : world_.tasks()) {
      if (task->state != Task::State::waiting || !task->until) continue;
      if (!next || *task->until < *next) next = task->until;
    }
    if (next) {
      world_.clock.advance_to(*next);
    } else {
      world_.clock.advance(10ms);
    }
  }

  // Members whose client is gone: the session times out.
  void expire_members() {
    for (const auto& member : std::vector<std::shared_ptr<FakeMember>>(kafka_.group.members())) {
      if (member->wake == nullptr) kafka_.group.declare_dead(*member);
    }
  }

  void tidy_up() {
    if (world_.failed()) return;
    if (world_.random.chance(5)) expire_members();
    for (auto& process : processes_) {
      if (!process->over()) continue;
      process->bury();
      process.reset();
    }
    if (std::erase(processes_, nullptr) > 0) world_.forget_ended();
  }

  // From here on nothing fails any more: what is left must be done, and stored.
  void calm_down() {
    if (world_.failed()) return;
    world_.trace("calm");
    world_.calm = true;
    expire_members();
    if (alive().empty()) start_process();
    run_until([this] { return kafka_.all_done(); }, "everything is done in the end");
  }

  void stop_all() {
    if (world_.failed()) return;
    for (Process* process : alive()) process->stop(20s);
    run_until([this] { return processes_.empty(); }, "every process ends");
  }

  template <class Done>
  void run_until(Done&& done, const char* guarantee) {
    const std::uint64_t last = world_.step + kStepsMost;
    const engine::Time until = world_.clock.now() + kCalmMost;
    for (; !world_.failed() && !done(); ++world_.step) {
      if (world_.step >= last || world_.clock.now() >= until) world_.fail(guarantee, kafka_.what_is_open());
      expire_members();
      move_on();
      tidy_up();
    }
  }

  World world_;
  FakeKafka kafka_;
  std::uint32_t trouble_often_ = 0;
  ProcessPlan plan_;
  std::unique_ptr<Guarantees> guarantees_;
  std::vector<std::unique_ptr<Process>> processes_;
  int process_count_ = 0;
};

}  // namespace

Outcome run_seed(std::uint64_t seed, Census& census) {
  auto scenario = std::make_unique<Scenario>(seed, census);
  Outcome outcome = scenario->run();
  running_world = nullptr;
  // What a failure left in the middle can't be taken apart.
  if (scenario->failed()) static_cast<void>(scenario.release());
  return outcome;
}

std::string describe_running_seed() {
  if (running_world == nullptr) return {};
  return fmt::format("seed {}, step {}:\n{}", running_world->seed(), running_world->step,
                     running_world->trace_text());
}

}  // namespace braid::simulation
