#include "simulation/callback_library.hpp"

#include <braid/batch.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <stdexcept>
#include <utility>

namespace braid::simulation {

namespace {

constexpr auto kOnce = "a ticket settles once";
constexpr int kThreads = 2;

std::exception_ptr said_no() {
  return std::make_exception_ptr(std::runtime_error("the library said no"));
}

}  // namespace

engine::Time CallbackLibrary::draw_due() const {
  World& world = *setting_.world;
  const bool late = !world.calm && world.random.chance(setting_.manners.settles_late);
  if (late) world.happened(Happening::ticket_late);
  return world.clock.now() + std::chrono::microseconds(world.random.between(0, late ? 1'500'000 : 4'000));
}

std::shared_ptr<OpenTicket> CallbackLibrary::take(Batch& batch, std::shared_ptr<ObservedJob> job) {
  World& world = *setting_.world;
  world.happened(Happening::job_deferred);
  while (threads_ < kThreads) {
    ++threads_;
    tasks_.push_back(&world.start_task(setting_.process, [this] { run(); }));
  }
  auto open = std::make_shared<OpenTicket>(OpenTicket{.hold = BatchHold(batch.front()),
                                                      .ticket = batch.defer(),
                                                      .job = std::move(job),
                                                      .due = draw_due(),
                                                      .waits_from = {}});
  tickets_.push_back(open);
  wake();
  return open;
}

void CallbackLibrary::wake() {
  for (Task* task : tasks_) task->notified = true;
}

bool CallbackLibrary::call_returned(OpenTicket& open) {
  open.waits_from = setting_.world->clock.now();
  if (!open.outcome) return false;
  setting_.world->happened(Happening::ticket_settled_in_call);
  *open.outcome ? open.job->record().returned() : open.job->record().failed(said_no());
  return true;
}

void CallbackLibrary::call_threw(OpenTicket& open) {
  setting_.world->happened(Happening::threw_after_defer);
  open.inert = true;
}

void CallbackLibrary::notice_given_up() {
  if (setting_.dead) return;
  World& world = *setting_.world;
  for (const auto& open : tickets_) {
    if (open->inert || open->settled || !open->ticket.settled()) continue;
    const Promises& promises = open->job->record().promises();
    // It counts from when a listener saw it first, by the time that its turn began.
    const bool overdue = open->waits_from && promises.ticket_timeout &&
                         world.clock.now() + world.longest_stall >= *open->waits_from + *promises.ticket_timeout;
    if (!overdue || !promises.overdue_is_retried) {
      world.fail(kOnce,
                 fmt::format("#{}.{}: somebody else has settled a ticket that is not overdue",
                             open->job->record().incarnation().partition, open->job->record().virtual_partition()));
    }
    world.happened(Happening::ticket_given_up);
    open->inert = true;
    open->job->record().failed(said_no());
    open->job->record().forget_pause();
    open->job->end();
  }
}

void CallbackLibrary::close() {
  closing_ = true;
  wake();
}

void CallbackLibrary::run() {
  World& world = *setting_.world;
  while (!closing_ || !tickets_.empty()) {
    std::vector<std::shared_ptr<OpenTicket>> due;
    std::optional<engine::Time> next;
    for (const auto& open : tickets_) {
      if (closing_ || world.calm || open->due <= world.clock.now()) due.push_back(open);
      if (!next || open->due < *next) next = open->due;
    }
    if (due.empty()) {
      world.wait(next, true);
    } else {
      work_on(world.random.one_of(due));
    }
  }
  --threads_;
}

void CallbackLibrary::check_messages(OpenTicket& open) const {
  for (const Message& message : open.ticket) check_memory(*setting_.world, message);
}

void CallbackLibrary::work_on(const std::shared_ptr<OpenTicket>& open) {
  World& world = *setting_.world;
  Random& random = world.random;
  check_messages(*open);
  const ViewsInHand views({open->ticket.begin(), open->ticket.size()});
  world.wait(world.clock.now() + std::chrono::microseconds(random.between(0, 500)), false);
  if (open->settled) return;  // by the other thread
  views.check(world);
  check_messages(*open);
  notice_given_up();
  if (open->ticket.size() > 0 && random.chance(300)) {
    const Message& message =
        *(open->ticket.begin() + static_cast<std::ptrdiff_t>(random.below(open->ticket.size())));
    if (open->job->record().promises().exactly_once) {
      mark_in_vain(*open, message);
      return;
    }
    if (!open->inert && !setting_.dead) {
      world.happened(Happening::ticket_marked);
      WorkRecord& record = open->job->record();
      record.mark(message.offset().value, true);
      if (open->job->where().lost()) record.incarnation().inexact = true;
    }
    open->ticket.mark(message);
    if (random.chance(300)) return;  // for now
  }
  const std::size_t which = world.calm ? 0 : random.below(10);
  settle(*open, which < 7 ? How::done : which < 9 ? How::fail : How::drop);
}

// Some of what was sent would belong to it, and nobody could say which.
void CallbackLibrary::mark_in_vain(OpenTicket& open, const Message& message) {
  World& world = *setting_.world;
  bool refused = open.ticket.settled();
  try {
    open.ticket.mark(message);
  } catch (const std::logic_error&) {
    refused = true;
    world.happened(Happening::ticket_mark_refused);
  }
  if (!refused) world.fail("a ticket of a transaction marks nothing", "a mark was taken");
}

void CallbackLibrary::settle(OpenTicket& open, How how) {
  World& world = *setting_.world;
  open.settled = true;
  bool counts = false;
  if (open.inert) {
    world.happened(Happening::ticket_inert);
  } else if (!setting_.dead) {
    counts = !open.job->where().lost();
    if (!counts) world.happened(Happening::ticket_settled_when_over);
    if (!open.waits_from) {
      open.outcome = how == How::done;
    } else {
      how == How::done ? open.job->record().returned() : open.job->record().failed(said_no());
      open.job->end();
    }
  } else {
    open.job->end();
  }
  std::erase_if(tickets_, [&](const auto& each) { return each.get() == &open; });
  if (how == How::drop) {
    world.happened(Happening::ticket_dropped);
    const Ticket dropped = std::move(open.ticket);
    return;
  }
  const bool said = how == How::done ? open.ticket.done() : open.ticket.fail("the library said no");
  if (!setting_.dead && said != counts) {
    world.fail(kOnce, fmt::format("#{}: settling it says {}", open.job->record().incarnation().partition, said));
  }
  if (open.ticket.done() || !open.ticket.settled()) world.fail(kOnce, "it settles a second time");
}

}  // namespace braid::simulation
