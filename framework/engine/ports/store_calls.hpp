#pragma once

#include <functional>

namespace braid {
class OffsetStore;
}

namespace braid::engine {

// Who calls an OffsetStore, since its calls may block, which a listener must not. Thread: any.
class StoreCalls {
 public:
  // Must not throw.
  using Task = std::function<void(OffsetStore&)>;

  virtual ~StoreCalls() = default;
  // In order, one at a time. A connection has one question and one commit under way, which bounds them. Dropped
  // once stopped.
  virtual void post(Task task) = 0;
};

}  // namespace braid::engine
