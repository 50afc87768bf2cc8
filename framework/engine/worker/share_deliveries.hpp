#pragma once

#include "engine/ports/record_sink.hpp"
#include "engine/threads/guarded_by.hpp"

#include <braid/offset.hpp>
#include <braid/record.hpp>
#include <braid/result.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace braid::engine {

// What one attempt of a share has produced: it ends, however it ends, when all of that has been reported, so
// nothing of it comes into the next one; and a mark counts when all that was produced before it has been delivered.
//
//   section 0 ──a mark──▶ section 1 ──a mark──▶ section 2, which has none yet
//   all delivered: its    something was not: neither this mark counts nor one behind it, and the attempt has failed
//   mark counts
//
// Thread: any; one lives for one attempt, and as long as somebody may still mark by it.
class ShareDeliveries : public std::enable_shared_from_this<ShareDeliveries> {
 public:
  using Mark = std::function<void(Offset)>;
  // A record that was not delivered, and the message it was produced for, where that is known.
  struct Failed {
    Error error;
    std::optional<Offset> message;
  };

  // `mark`: what a mark does when it counts. Called with the lock held, and not any more once the attempt has
  // ended.
  explicit ShareDeliveries(Mark mark) : mark_(std::move(mark)) {}

  // As the sink's. What was not sent changes nothing.
  Result<void> send(RecordSink& sink, const Record& record, std::optional<Offset> message);
  // A mark. False: it counts already, and is the caller's to make. True: it is made when it does, or never.
  [[nodiscard]] bool hold(Offset mark);

  // --- when nothing is sent any more

  [[nodiscard]] bool outstanding() const;
  // True: `over` is called, on any thread, when all is reported. False: it is already.
  [[nodiscard]] bool wait(std::function<void()> over);
  // The first that was not delivered. Requires that all is reported.
  [[nodiscard]] std::optional<Failed> failed() const;

 private:
  struct Section {
    std::uint64_t on_their_way = 0;
    bool failed = false;
    std::optional<Offset> mark{};  // the highest; none: it goes on
  };
  // Returns its section.
  std::uint64_t begin_one();
  void end_one(std::uint64_t section, const Error* error, std::optional<Offset> message);
  void count_marks();  // with the mutex held

  const Mark mark_;
  mutable std::mutex mutex_;
  std::deque<Section> sections_ BRAID_GUARDED_BY(mutex_);  // whose marks do not count yet, and what is behind them
  std::uint64_t first_ BRAID_GUARDED_BY(mutex_) = 0;       // the number of the first one
  std::uint64_t on_their_way_ BRAID_GUARDED_BY(mutex_) = 0;
  std::optional<Failed> failed_ BRAID_GUARDED_BY(mutex_);
  std::function<void()> over_ BRAID_GUARDED_BY(mutex_);
};

}  // namespace braid::engine
