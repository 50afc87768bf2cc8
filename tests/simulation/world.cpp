#include "simulation/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace braid::simulation {

bool tracing() {
  static const bool on = std::getenv("BRAID_TRACE") != nullptr;
  return on;
}

Task& World::start_task(int process, std::function<void()> body) {
  auto task = std::make_unique<Task>();
  task->process = process;
  task->fiber = std::make_unique<Fiber>(std::move(body));
  tasks_.push_back(std::move(task));
  return *tasks_.back();
}

Task* World::current() {
  return current_;
}

void World::preempt() {
  if (current_ == nullptr || undisturbed_ > 0 || !random.chance(preempt_often)) return;
  happened(Happening::job_preempted);
  current_->preempted_at = clock.now();
  current_->state = Task::State::ready;
  Fiber::suspend();
}

void World::wait(std::optional<engine::Time> until, bool notifiable) {
  current_->state = Task::State::waiting;
  current_->until = until;
  if (!notifiable) current_->notified = false;
  Fiber::suspend();
}

void World::idle() {
  current_->state = Task::State::idle;
  Fiber::suspend();
}

bool World::runnable(const Task& task) const {
  switch (task.state) {
    case Task::State::ready:
      return true;
    case Task::State::waiting:
      return task.notified || (task.until && *task.until <= clock.now());
    case Task::State::idle:
    case Task::State::ended:
      break;
  }
  return false;
}

void World::run(Task& task) {
  if (task.state == Task::State::waiting) task.notified = false;
  task.state = Task::State::ready;
  task.until.reset();
  if (task.preempted_at) longest_stall = std::max(longest_stall, clock.now() - *task.preempted_at);
  task.preempted_at.reset();
  current_ = &task;
  task.fiber->resume();
  current_ = nullptr;
  if (task.fiber->ended()) task.state = Task::State::ended;
}

void World::forget_ended() {
  std::erase_if(tasks_, [](const auto& task) { return task->state == Task::State::ended; });
}

void World::fail(std::string_view guarantee, std::string text) {
  if (failure_.empty()) failure_ = fmt::format("{}: {}", guarantee, text);
  // Not through an exception: the engine would take it for one of the user's.
  while (Fiber::current() != nullptr) Fiber::suspend();
}

void World::trace(const char* what, int who, int partition, std::int64_t a, std::int64_t b) {
  Line& line = lines_[line_count_++ % kLines];
  line = {step, clock.elapsed().count(), what, who, partition, a, b};
  if (tracing()) std::fprintf(stderr, "%s\n", text_of(line).c_str());
}

std::string World::text_of(const Line& line) {
  std::string text = fmt::format("  step {:>6}  {:>10.3f} ms  ", line.step, static_cast<double>(line.at_us) / 1000);
  text += line.who < 0 ? std::string("-     ") : fmt::format("p{}/c{} ", line.who / 10, line.who % 10);
  text += line.partition < 0 ? std::string("    ") : fmt::format("#{:<3}", line.partition);
  return text + fmt::format(fmt::runtime(line.what), line.a, line.b);
}

std::string World::trace_text() const {
  std::string text;
  const std::uint64_t from = line_count_ > kLines ? line_count_ - kLines : 0;
  for (std::uint64_t i = from; i < line_count_; ++i) text += text_of(lines_[i % kLines]) + "\n";
  return text;
}

}  // namespace braid::simulation
