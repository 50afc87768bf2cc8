#pragma once

#include "core/producer/backlog.hpp"
#include "engine/ports/log.hpp"
#include "engine/ports/producer_client.hpp"
#include "engine/producer/client_slot.hpp"
#include "engine/producer/delivery_tally.hpp"
#include "engine/producer/in_flight.hpp"
#include "engine/producer/serve_turn.hpp"
#include "engine/threads/guarded_by.hpp"

#include <braid/producer.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace braid::engine {

// A producer: one client at a time, and the thread that serves its delivery reports. Where it may, it replaces a
// client that has failed for good:
//
//   ready ──a fatal error──▶ replaying: what comes back and what is sent goes to the backlog, by its sequence
//   number
//     ▲                       ▲  │
//     └──a new client has all─│──┴──no attempt is left──▶ failed: everything gets an error
//                             └─────────────────────────────┘ where it begins anew, with the next record
//
// Thread: send(), send_and_wait(), flush() and figures any; the rest the owner's.
class ProducerEngine final : private DeliveryEvents {
 public:
  using MakeClient = std::function<Result<std::unique_ptr<ProducerClient>>()>;
  struct Options {
    MakeClient make_client{};  // none: a client that has failed is not replaced
    std::uint32_t max_rebuilds = 0;
    std::chrono::milliseconds rebuild_pause{0};
    // What is sent behind the last attempt has as many again. Otherwise the producer has failed for good.
    bool begins_anew = false;
    std::chrono::milliseconds max_wait_for_room{0};  // 0: a full queue is an error at once
    std::size_t max_backlog = 100'000;
    std::size_t max_backlog_bytes = std::size_t{1} << 30;
    OnDelivery on_each{};                // of every record, behind its own callback
    std::shared_ptr<EventHub> events{};  // who hears of what becomes of records; none: nobody
  };

  ProducerEngine(std::string name, std::unique_ptr<ProducerClient> client, std::shared_ptr<Log> log);
  ProducerEngine(std::string name, std::unique_ptr<ProducerClient> client, std::shared_ptr<Log> log,
                 Options options);
  // Requires close().
  ~ProducerEngine() override;

  Result<void> send(const Record& record, OnDelivery on_delivery);
  // As send(); the wait for room ends at `until` too.
  Result<void> send_tracked(const Record& record, std::shared_ptr<DeliveryState> state,
                            std::chrono::steady_clock::time_point until);
  // As Producer::produce_sync(): the wait for room counts too.
  Result<Delivery> send_and_wait(const Record& record, std::chrono::milliseconds timeout);
  // Until it is settled, or the deadline; serves reports meanwhile, if nobody else does.
  void wait_for(const DeliveryState& state, std::chrono::steady_clock::time_point deadline) {
    serve_until_settled(state, deadline);
  }
  // As send(), but with this wait for room; 0 for callers that must not block.
  Result<void> send_within(const Record& record, OnDelivery on_delivery, std::chrono::milliseconds wait);
  // Waits until nothing is without its report, what others send meanwhile included.
  Result<void> flush(std::chrono::milliseconds timeout);
  // What has ended is read first: what begins and ends between the two looks then counts as outstanding. The other
  // way round it would count as ended alone, in place of something that is under way.
  [[nodiscard]] std::uint64_t outstanding() const {
    const std::uint64_t ended = ended_.load();
    return begun_.load() - ended;
  }
  // The client is of no more use, and nothing that is sent will arrive. Thread: any.
  [[nodiscard]] bool failed() const { return mode_.load(std::memory_order_acquire) == Mode::failed; }
  [[nodiscard]] ProducerFigures figures() const;
  [[nodiscard]] std::chrono::milliseconds max_wait_for_room() const { return options_.max_wait_for_room; }

  // Flushes; what is left then gets an error as its report. Sends fail from now on. Returns what was given up.
  // Requires !is_served_here(): it waits for who serves.
  CloseReport close(std::chrono::milliseconds timeout);
  // Whether this is one of its delivery callbacks.
  [[nodiscard]] bool is_served_here() const { return turn_.is_served_here(); }

 private:
  enum class Mode : std::uint8_t { ready, replaying, failed };
  using InFlightPtr = std::unique_ptr<InFlight>;
  using Deadline = std::chrono::steady_clock::time_point;
  // Who serves looks so often whether that is still to be done.
  static constexpr std::chrono::milliseconds kServe{100};
  static constexpr std::size_t kLine = 64;
  static constexpr std::uint64_t kNobodyWaitsForRoom = std::numeric_limits<std::uint64_t>::max();

  void handle_delivery(const DeliveryReport& report) override;
  void handle_error(const Error& error) override;

  // --- any thread's
  [[nodiscard]] InFlightPtr in_flight_for(const Record& record, OnDelivery on_delivery) const;
  Result<void> send(const Record& record, InFlightPtr in_flight, std::chrono::milliseconds wait,
                    Deadline until = Deadline::max());
  [[nodiscard]] Result<void> hand_over(const Record& record, std::uint64_t token);
  // What follows where the client is not to be used, or has said a fatal error just now. None: there is another
  // one.
  struct Tried {
    std::uint64_t rebuilds = 0;  // before it
    Error error;
  };
  [[nodiscard]] std::optional<Result<void>> put_back(const Record& record, std::uint64_t token,
                                                     const std::optional<Tried>& tried);
  // False: the time is up.
  [[nodiscard]] bool wait_for_room(Deadline deadline);
  void wake_waiting();
  [[nodiscard]] DeliveryTally::Done done() const;
  void leave_ready(const Error& error);  // with the mutex

  // --- whose turn it is
  void serve_once(std::chrono::milliseconds timeout);
  void serve_until_settled(const DeliveryState& state, Deadline deadline);
  // What a client that has failed for good did not deliver: to the backlog, if another one follows. Why it is given
  // up, if not.
  [[nodiscard]] std::optional<Error> take_back(const DeliveryReport& report);
  void end(std::uint64_t token, Delivery delivery, std::string_view topic);
  void call_back(const OnDelivery& on_delivery, const Delivery& delivery);
  void note_failure(const Delivery& delivery, std::string_view topic, bool anybody_hears);

  // --- its own thread's (producer_recovery.cpp)
  void serve();
  void recover();
  // What a failed client has comes back: delivered, or to the backlog.
  void empty(ProducerClient& failed);
  enum class Replayed : std::uint8_t { all, failed_again, given_up };
  void tell_replaced(std::uint64_t sent_again);
  [[nodiscard]] Replayed replay(std::unique_ptr<ProducerClient>& next);
  [[nodiscard]] std::optional<Replayed> replay_one(ProducerClient& next, core::Backlog::Entry entry);
  [[nodiscard]] std::optional<core::Backlog::Entry> take_oldest_or_change_to(std::unique_ptr<ProducerClient>& next);
  void give_up(const Error& error);
  void pause(std::chrono::milliseconds length);

  const std::string name_;
  const std::shared_ptr<Log> log_;
  const Options options_;
  ClientSlot slot_;
  ServeTurn turn_;

  // Counts; what they count is published by the client's queues. `begun_` goes up before the client has the record,
  // and numbers it; `ended_` when it has its report, or was not taken. Each record moves one of the sender's and
  // two of the server's, so each side has a cache line, and what is only read by both has another.
  alignas(kLine) std::atomic<std::uint64_t> begun_{0};
  std::atomic<std::uint64_t> refused_{0};  // of these: not taken
  alignas(kLine) std::atomic<std::uint64_t> ended_{0};
  std::atomic<std::uint64_t> delivered_{0};  // written by who has the turn
  std::atomic<std::uint64_t> failed_{0};     // the same
  alignas(kLine) std::atomic<std::uint64_t> rebuilds_{0};
  // Who sends counts in begun_, then looks at closing_; who closes sets it, then looks at begun_. All seq_cst: one
  // of them sees the other, and the thread ends behind the last report.
  std::atomic<bool> closing_{false};
  std::atomic<bool> gives_up_{false};  // the close's flush is over, in vain or not
  std::atomic<std::uint32_t> flushing_{0};
  // Who waits for room is woken when so many have ended; written with the mutex. What comes too late for this is
  // seen by the next look.
  std::atomic<std::uint64_t> room_at_{kNobodyWaitsForRoom};
  std::atomic<Mode> mode_{Mode::ready};  // moved with the mutex; published by it, and read before each send

  alignas(kLine) mutable std::mutex mutex_;
  std::condition_variable progressed_;  // reports came while somebody waits, or the mode moved
  std::uint64_t wait_for_room_ BRAID_GUARDED_BY(mutex_) = 0;  // callers
  core::Backlog backlog_ BRAID_GUARDED_BY(mutex_);
  std::string failure_ BRAID_GUARDED_BY(mutex_);  // the last fatal error

  // whose turn it is
  core::RebuildCount rebuild_count_;
  bool next_failed_ = false;  // while it replays: the new client has said a fatal error
  std::uint64_t unheard_failures_ = 0;
  DeliveryTally tally_;
  std::map<std::string, std::uint64_t> given_up_;  // by topic; the owner's once the thread has ended
  std::jthread thread_;
};

}  // namespace braid::engine
