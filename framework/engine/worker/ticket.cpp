#include "engine/worker/deferral.hpp"

#include <braid/ticket.hpp>

#include <stdexcept>
#include <utility>

namespace braid {

namespace {

// What a failure that has no exception of its own is told by.
std::exception_ptr failure_of(const std::string& why) noexcept {
  return std::make_exception_ptr(std::runtime_error(why));
}

}  // namespace

Ticket::Ticket(std::shared_ptr<engine::Deferral> deferral) : deferral_(std::move(deferral)) {}

Ticket& Ticket::operator=(Ticket&& other) noexcept {
  if (this != &other) {
    drop();
    deferral_ = std::move(other.deferral_);
  }
  return *this;
}

Ticket::~Ticket() {
  drop();
}

void Ticket::drop() noexcept {
  if (!deferral_) return;
  if (!deferral_->settled()) deferral_->settle(failure_of("the ticket was dropped unsettled"));
  deferral_->let_go();
  deferral_.reset();
}

bool Ticket::done() noexcept {
  return deferral_ && deferral_->settle(nullptr);
}

bool Ticket::fail(std::exception_ptr failure) noexcept {
  if (!deferral_) return false;
  return deferral_->settle(failure ? std::move(failure) : failure_of("the ticket failed for no reason"));
}

bool Ticket::fail(const std::string& why) {
  return fail(failure_of(why));
}

void Ticket::mark(const Message& message) {
  if (deferral_) deferral_->mark(message);
}

std::span<const Message> Ticket::messages() const {
  return deferral_ ? deferral_->messages() : std::span<const Message>();
}

bool Ticket::settled() const {
  return !deferral_ || deferral_->settled();
}

bool Ticket::revoked() const {
  return !deferral_ || deferral_->revoked();
}

}  // namespace braid
