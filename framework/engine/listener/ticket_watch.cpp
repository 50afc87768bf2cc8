#include "engine/listener/ticket_watch.hpp"

#include "engine/worker/deferral.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

namespace braid::engine {

namespace {

constexpr int kLooksATimeout = 8;
constexpr Duration kOftenest = std::chrono::milliseconds(5);

}  // namespace

bool TicketWatch::begin_look(Time now) {
  const auto timeout = assignment_->topic().ticket_timeout;
  if (!timeout || (next_look_ && now < *next_look_)) return false;
  next_look_ = now + std::max<Duration>(*timeout / kLooksATimeout, kOftenest);
  return true;
}

void TicketWatch::look(std::span<Share> running, Time now) {
  if (!begin_look(now)) return;
  for (Share& share : running) look_at(share, now);
}

std::optional<Time> TicketWatch::sooner(std::optional<Time> other, bool running) const {
  if (!running || !next_look_) return other;
  return other ? std::min(*other, *next_look_) : next_look_;
}

void TicketWatch::look_at(Share& share, Time now) {
  const routing::Topic& topic = assignment_->topic();
  if (!share.waits_for_ticket()) {
    share.ticket_seen.reset();
    return;
  }
  if (!share.ticket_seen) share.ticket_seen = now;
  if (share.ticket_reported || now - *share.ticket_seen < *topic.ticket_timeout) return;
  share.ticket_reported = true;
  const bool retry = topic.on_ticket_timeout == routing::OnTicketTimeout::retry;
  const auto waiting = share.unfinished();
  if (waiting.empty()) return;  // all of it is marked; only the ticket is missing
  log_->write(LogLevel::error, "partition",
              fmt::format("{}/{}: a ticket of virtual partition {} is overdue: offsets {} to {} ({} messages) wait "
                          "for it for {} ms; {}",
                          assignment_->partition().topic, assignment_->partition().partition.value,
                          share.virtual_partition().value, waiting.front().offset().value,
                          waiting.back().offset().value, waiting.size(),
                          std::chrono::duration_cast<std::chrono::milliseconds>(now - *share.ticket_seen).count(),
                          retry ? "they are tried again, and what the ticket stood for may still be going on"
                                : "nothing more of this virtual partition runs before it is settled"));
  if (!retry) return;
  share.deferral()->give_up(std::make_exception_ptr(std::runtime_error("the ticket was not settled in time")));
}

}  // namespace braid::engine
