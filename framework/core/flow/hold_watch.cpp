#include "core/flow/hold_watch.hpp"

#include <algorithm>

namespace braid::core {

void HoldWatch::taken(Offset last, std::size_t bytes) {
  last_ = last;
  bytes_ += bytes;
  if (!half_ && came_since_copied() >= settings_.spare_bytes / 2) half_ = Mark{last, bytes_};
}

void HoldWatch::look_at(Time now) {
  std::optional<Mark> old;
  while (!marks_.empty() && marks_.front().at + settings_.copy_after <= now) {
    old = marks_.front();
    marks_.pop_front();
  }
  if (old) advance_to(*old);
  const bool apart = marks_.empty() || marks_.back().at + settings_.copy_after / 4 <= now;
  if (last_ && apart) marks_.push_back({*last_, bytes_, now});
}

void HoldWatch::look_at_bytes(std::size_t held) {
  // What is held has come since, so it is not spare; whatever else has come is freed, and may be kept by it.
  if (half_ && came_since_copied() - std::min(held, came_since_copied()) > settings_.spare_bytes)
    advance_to(*half_);
}

void HoldWatch::advance_to(const Mark& mark) {
  const std::optional<Offset> through = this->through();
  if (!through || *through < mark.last) due_ = mark;
}

void HoldWatch::done() {
  if (!due_) return;
  copied_ = due_->last;
  copied_bytes_ = due_->bytes;
  due_.reset();
  half_.reset();
  if (came_since_copied() >= settings_.spare_bytes / 2) half_ = Mark{*last_, bytes_};
}

}  // namespace braid::core
