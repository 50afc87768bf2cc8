#pragma once

#include <cstdint>
#include <string>

namespace braid {

// A quantity over all batches so far: of the last one, on average, at most. Thread: a value.
struct Measured {
  std::uint64_t last = 0;
  double mean = 0;
  std::uint64_t most = 0;
};

// How evenly a topic's messages fall on its virtual partitions, and what of it waits; over all partitions and
// connections of the application. What was read together need not be of one moment. Thread: a value.
struct TopicFigures {
  std::string consumer_group;
  std::string topic;

  // With `flow: batch`, of the batches that have settled. If the largest share is far above the mean one, the batch
  // waits for one virtual partition while the others have nothing to do.
  std::uint64_t batches = 0;
  Measured virtual_partitions_used;  // those with messages in the batch
  Measured largest_share;            // messages, in the virtual partition that has most of them
  double mean_share_last = 0;        // messages a virtual partition that was used, in the last batch
  double mean_share = 0;             // the same over all batches

  // With `flow: continuous`, as each listener saw it within the last second.
  std::uint64_t virtual_partitions_queued = 0;  // those with messages that wait behind what runs
  std::uint64_t messages_queued = 0;
  std::uint64_t longest_queue = 0;  // of one virtual partition

  // With both flows, as of the last second: ready, and held back by a full pool or a cap. If it stays above 0, more
  // workers would help.
  std::uint64_t jobs_waiting = 0;
};

}  // namespace braid
