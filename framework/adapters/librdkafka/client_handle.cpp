#include "adapters/librdkafka/client_handle.hpp"

#include "adapters/librdkafka/rdkafka_version.hpp"

#include <mutex>
#include <vector>

namespace braid::adapters {
namespace {

struct LeftBehind {
  rd_kafka_t* rk;
  CommitGate* gate;  // librdkafka's threads go on calling it
};

std::mutex mutex;  // of what is left

// Reachable for ever, so that leak checkers see a decision instead of a leak.
std::vector<LeftBehind>& all_left() {
  static auto* const left = new std::vector<LeftBehind>;
  return *left;
}

void leave_behind(LeftBehind handle) {
  const std::scoped_lock lock{mutex};
  all_left().push_back(handle);
}

}  // namespace

std::size_t handles_left_behind() {
  const std::scoped_lock lock{mutex};
  return all_left().size();
}

bool ClientHandle::must_be_left_behind() const {
  return subscribed_ && !assigned_ && !rdkafka_at_least(2, 3);
}

ClientHandle::~ClientHandle() {
  if (rk_ == nullptr) return;
  // A message that is still out would make the destruction hang for ever; that is a mistake of whoever dropped the
  // owner, and a thread that hangs is the worse way to learn of it.
  if (messages_out() > 0 || must_be_left_behind()) {
    leave_behind({rk_, gate_.release()});
    return;
  }
  rd_kafka_destroy_flags(rk_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

}  // namespace braid::adapters
