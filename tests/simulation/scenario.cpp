#include "simulation/scenario.hpp"

#include "simulation/fake_client.hpp"
#include "simulation/fake_kafka.hpp"
#include "simulation/guarantees.hpp"
#include "simulation/plan.hpp"
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

constexpr std::uint64_t kStepsMost = 400'000;  // of the calm; far more than any run needs
constexpr auto kCalmMost = 10min;              // likewise, of simulated time

const World* running_world = nullptr;

class Scenario {
 public:
  Scenario(std::uint64_t seed, Census& census)
      : world_(seed, census), kafka_(make_kafka()), plan_(draw_plan(world_, kafka_)) {
    running_world = &world_;
    GuaranteeSetting setting;
    for (const auto& partition : kafka_.partitions()) setting.partitions.push_back(partition.get());
    setting.metadata_has_room = kafka_.metadata_has_room();
    guarantees_ = std::make_unique<Guarantees>(world_, setting);
    kafka_.begin(*guarantees_);
  }

  Outcome run() {
    produce(static_cast<std::size_t>(world_.random.between(100, 300)));
    start_process();
    const auto trouble = static_cast<std::uint64_t>(world_.random.between(300, 2500));
    for (; (world_.step < trouble || !had_enough()) && !world_.failed(); ++world_.step) {
      // Towards the end of a mild seed there is what it still lacks.
      if (world_.random.chance(plan_.trouble_often * (world_.step < trouble ? 1 : 8))) {
        make_trouble();
      } else {
        move_on();
      }
      tidy_up();
    }
    calm_down();
    stop_all();
    if (!world_.failed()) check_size();
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

  void start_process() {
    ProcessPlan plan = plan_.process;
    plan.connections = static_cast<std::uint32_t>(world_.random.between(1, 2));
    plan.workers = static_cast<std::uint32_t>(world_.random.between(1, kWorkersMost));
    plan.max_bytes_in_flight = static_cast<std::size_t>(world_.random.chance(200) ? 300 : 1'000'000);
    plan.queue_limit = static_cast<std::size_t>(world_.random.between(1, 8));
    processes_.push_back(std::make_unique<Process>(world_, kafka_, ++process_count_, plan));
  }

  // Each seed is worth its name.
  [[nodiscard]] bool had_enough() const {
    return world_.faults >= kFaultsLeast && process_count_ >= static_cast<int>(kProcessesLeast);
  }
  void check_size() {
    guarantees_->tell([](Guarantee& each) { each.run_ends(); });
    const bool enough = had_enough() && produced_ >= kMessagesLeast &&
                        kafka_.partitions().size() >= static_cast<std::size_t>(kPartitionsLeast);
    if (enough || world_.failed()) return;
    world_.fail("a seed has its share of everything",
                fmt::format("{} processes, {} partitions, {} messages, {} faults", process_count_,
                            kafka_.partitions().size(), produced_, world_.faults));
  }

  void produce(std::size_t count) {
    produced_ += count;
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
      world_.happened(Happening::group_rebalanced);
      kafka_.group.rebalance();
    } else if (which < 68) {
      const engine::Duration within =
          std::chrono::milliseconds(random.chance(300) ? random.between(0, 30) : random.between(0, 8000));
      if (!running.empty()) random.one_of(running)->stop(within);
    } else if (which < 75) {
      if (!running.empty()) random.one_of(running)->crash();
    } else if (which < 79) {
      if (!kafka_.clients.empty()) random.one_of(kafka_.clients)->fail(random.chance(500));
    } else if (which < 86) {
      if (!kafka_.group.members().empty()) {
        auto members = kafka_.group.members();
        kafka_.group.declare_dead(*random.one_of(members));
      }
    } else if (which < 89) {
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
    if (random.chance(world_.calm ? 60 : 15) && !processes_.empty()) random.one_of(processes_)->flush_one();
    if (random.chance(world_.calm ? 60 : 4) && !processes_.empty()) random.one_of(processes_)->steer_one();
    if (random.chance(world_.calm ? 100 : 20) && !processes_.empty()) random.one_of(processes_)->step_letters();
    if (random.chance(world_.calm ? 200 : 100) && !processes_.empty()) random.one_of(processes_)->step_records();
    const std::size_t which = random.below(100);
    if (which < 3) world_.clock.advance(std::chrono::microseconds(random.between(1, 2000)));
    if (which < 25 && step_network()) return;
    if (which < 40 && begin_job()) return;
    if (run_a_task()) return;
    if (begin_job() || step_network() || step_letters() || step_records()) return;
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

  bool step_letters() {
    return std::any_of(processes_.begin(), processes_.end(), [](const auto& each) { return each->step_letters(); });
  }

  bool step_records() {
    return std::any_of(processes_.begin(), processes_.end(), [](const auto& each) { return each->step_records(); });
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
      if (process->wants_stop()) process->stop(std::chrono::milliseconds(world_.random.between(0, 8000)));
      if (!process->over()) continue;
      process->bury();
      process.reset();
    }
    if (std::erase(processes_, nullptr) > 0) world_.forget_ended();
  }

  // From here on nothing fails any more: what is left must be done, and stored.
  void calm_down() {
    if (world_.failed()) return;
    if (produced_ < kMessagesLeast) produce(kMessagesLeast - produced_);
    world_.trace("calm");
    world_.calm = true;
    expire_members();
    if (alive().empty()) start_process();
    run_until([this] { return kafka_.all_done(); }, "everything is done in the end", true);
  }

  void stop_all() {
    if (world_.failed()) return;
    for (Process* process : alive()) process->stop(20s);
    run_until([this] { return processes_.empty(); }, "every process ends", false);
  }

  template <class Done>
  void run_until(Done&& done, const char* guarantee, bool restarts) {
    const std::uint64_t last = world_.step + kStepsMost;
    const engine::Time until = world_.clock.now() + kCalmMost;
    for (; !world_.failed() && !done(); ++world_.step) {
      if (world_.step >= last || world_.clock.now() >= until) world_.fail(guarantee, kafka_.what_is_open());
      expire_members();
      move_on();
      tidy_up();
      // One that was to be retried no more has stopped its process.
      if (restarts && alive().empty()) start_process();
    }
  }

  World world_;
  FakeKafka kafka_;
  Plan plan_;
  std::size_t produced_ = 0;
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
