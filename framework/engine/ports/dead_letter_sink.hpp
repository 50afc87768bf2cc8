#pragma once

#include <braid/offset.hpp>
#include <braid/recovery.hpp>
#include <braid/result.hpp>

#include <functional>

namespace braid::engine {

// Where dead letters go. Thread: any.
class DeadLetterSink {
 public:
  // Once for each letter, on any thread, also from within send(): ok once the broker has acknowledged it, else why
  // it did not, which may be answered by sending it again.
  using Answer = std::function<void(const Result<void>&)>;

  virtual ~DeadLetterSink() = default;
  // Never waits. `original`: the partition that the message came from; the letter goes to that one modulo the
  // number of partitions that its topic has.
  virtual void send(const DeadLetter& letter, PartitionNumber original, Answer answer) = 0;
};

}  // namespace braid::engine
