#pragma once

#include <cstdint>

namespace braid::engine {

// Which process made something whose threads do not follow it into a child of fork(). Thread: any.
class ForkStamp {
 public:
  ForkStamp();  // this process's
  // This is a child, or a child's child, of the process that it was made in. Costs no system call.
  [[nodiscard]] bool forked_since() const;

 private:
  std::uint64_t forks_;
};

}  // namespace braid::engine
