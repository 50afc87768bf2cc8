#pragma once

#include <atomic>

namespace braid::engine {

// What a listener lets others know of itself without being asked. Shared by both, so that either may go first.
// Thread: written by the listener; read by any.
struct ListenerFacts {
  // It has reached a broker and is turned, so that it reads its mailbox; before that it has taken nothing.
  std::atomic<bool> answers{false};
  // It was told to be quiet, and all that it had taken is done and committed. Release and acquire: who sees it sees
  // what consumers did.
  std::atomic<bool> settled{false};
};

}  // namespace braid::engine
