#pragma once

#include <sys/types.h>

#include <cstddef>
#include <ostream>

namespace braid::faults {

// What a process has of the system's, by /proc; all 0 when it is gone.
struct ProcessFigures {
  int threads = 0;
  int files = 0;    // descriptors that are no connection
  int sockets = 0;  // connections; a client has at most two to each node, and opens and ends them as it needs
  std::size_t resident_kb = 0;

  [[nodiscard]] static ProcessFigures of(pid_t process);
};
std::ostream& operator<<(std::ostream& out, const ProcessFigures& figures);

}  // namespace braid::faults
