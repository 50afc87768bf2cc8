#pragma once

#include "simulation/census.hpp"
#include "simulation/fiber.hpp"
#include "simulation/manual_clock.hpp"
#include "simulation/random.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace braid::simulation {

// One thing that runs by itself in production: a listener's thread, or a worker.
struct Task {
  enum class State : std::uint8_t {
    ready,    // may go on at any moment
    waiting,  // until it is notified, or until `until`
    idle,     // a worker that waits for a job; until it is given one
    ended,
  };
  std::unique_ptr<Fiber> fiber;
  State state = State::ready;
  bool notified = false;
  std::optional<engine::Time> until;
  int process = 0;
  bool was_in_user_code = false;  // a worker's job reached it
  int shares = 0;                 // of which user code has seen so many
  std::optional<engine::Time> preempted_at;
};

// What all parts of one run share: chance, time, who may run, what happened. Everything in a run is decided by the
// seed. Thread: one.
class World {
 public:
  World(std::uint64_t seed, Census& counts) : random(seed), census(counts), seed_(seed) {}
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Random random;
  ManualClock clock;
  Census& census;
  bool calm = false;                // no more trouble: what is under way must come to its end
  std::uint32_t preempt_often = 0;  // of 1,000 calls of a port, so many give way to another task
  std::uint64_t step = 0;
  std::uint64_t faults = 0;  // of this run
  // The longest that a task was without the processor: by so much what it knows of the time was old, at the most.
  engine::Duration longest_stall{};

  void happened(Happening what, std::uint64_t times = 1) {
    census.add(what, times);
    if (is_fault(what)) ++faults;
  }

  // One of those whose time, `due`, has come, taken out of them; when it is calm all are due. None: none is.
  template <class T>
  [[nodiscard]] std::optional<T> take_due(std::vector<T>& under_way) {
    std::vector<std::size_t> due;
    for (std::size_t i = 0; i < under_way.size(); ++i) {
      if (calm || under_way[i].due <= clock.now()) due.push_back(i);
    }
    if (due.empty()) return std::nullopt;
    const auto which = under_way.begin() + static_cast<std::ptrdiff_t>(random.one_of(due));
    std::optional<T> taken = std::move(*which);
    under_way.erase(which);
    return taken;
  }

  // --- tasks

  Task& start_task(int process, std::function<void()> body);
  // From within a task: lets others run, or not. Called wherever the engine calls out, since a thread can lose the
  // processor there. Does nothing outside of tasks.
  void preempt();
  // While one of these lives, nothing gives way: the broker's own doings come from elsewhere, whoever caused them.
  class Undisturbed {
   public:
    explicit Undisturbed(World& world) : world_(world) { ++world_.undisturbed_; }
    ~Undisturbed() { --world_.undisturbed_; }
    Undisturbed(const Undisturbed&) = delete;
    Undisturbed& operator=(const Undisturbed&) = delete;

   private:
    World& world_;
  };
  // From within a task: until notified (if `notifiable`) or until then.
  void wait(std::optional<engine::Time> until, bool notifiable);
  // From within a task: until something gives it work.
  void idle();
  [[nodiscard]] Task* current();
  // May run now.
  [[nodiscard]] bool runnable(const Task& task) const;
  void run(Task& task);
  [[nodiscard]] const std::vector<std::unique_ptr<Task>>& tasks() const { return tasks_; }
  void forget_ended();

  // --- what happened

  // The first failure counts; a task that fails never goes on.
  void fail(std::string_view guarantee, std::string text);
  [[nodiscard]] bool failed() const { return !failure_.empty(); }
  [[nodiscard]] const std::string& failure() const { return failure_; }
  // `what` is a literal. Numbers mean what the line says.
  void trace(const char* what, int who = -1, int partition = -1, std::int64_t a = 0, std::int64_t b = 0);
  // The last lines.
  [[nodiscard]] std::string trace_text() const;
  [[nodiscard]] std::uint64_t seed() const { return seed_; }

 private:
  struct Line {
    std::uint64_t step;
    std::int64_t at_us;
    const char* what;
    int who;
    int partition;
    std::int64_t a;
    std::int64_t b;
  };
  [[nodiscard]] static std::string text_of(const Line& line);

  static constexpr std::size_t kLines = 120;
  std::uint64_t seed_;
  std::vector<std::unique_ptr<Task>> tasks_;
  Task* current_ = nullptr;
  int undisturbed_ = 0;
  std::string failure_;
  std::array<Line, kLines> lines_{};
  std::uint64_t line_count_ = 0;
};

// Whether lines are printed as they come: BRAID_TRACE is set.
bool tracing();

}  // namespace braid::simulation
