#pragma once

#include "simulation/fake_messages.hpp"
#include "simulation/observed_job.hpp"
#include "simulation/world.hpp"

#include <braid/ticket.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

namespace braid::simulation {

// A job of which a ticket was made, until it is settled.
struct OpenTicket {
  BatchHold hold;  // longer than the messages
  Ticket ticket;
  std::shared_ptr<ObservedJob> job;
  engine::Time due;                        // when the library settles it
  std::optional<engine::Time> waits_from;  // its call has returned; none: it has not
  std::optional<bool> outcome{};           // settled before its call returned, and how
  bool inert = false;                      // its call threw, or it was overdue
  bool settled = false;
};

// A library that calls back: it gets the tickets of a process's consumers, and settles each some time, on threads
// of its own: done, failed or dropped; twice; side by side; late, and behind the end of everything.
// Thread: one. Owned by a process.
class CallbackLibrary {
 public:
  explicit CallbackLibrary(ConsumerSetting& setting) : setting_(setting) {}

  std::shared_ptr<OpenTicket> take(Batch& batch, std::shared_ptr<ObservedJob> job);
  // The call of its job ends. True: it was settled meanwhile, so that the job is over.
  bool call_returned(OpenTicket& open);
  void call_threw(OpenTicket& open);
  // Tickets that the engine has given up as overdue: their jobs are over. To be called before anything is said of a
  // job.
  void notice_given_up();

  // What is open is settled now; nothing more comes.
  void close();
  [[nodiscard]] bool over() const { return tickets_.empty() && threads_ == 0; }

 private:
  enum class How : std::uint8_t { done, fail, drop };
  void run();
  void work_on(const std::shared_ptr<OpenTicket>& open);
  void mark_in_vain(OpenTicket& open, const Message& message);
  void settle(OpenTicket& open, How how);
  void check_messages(OpenTicket& open) const;
  void wake();
  [[nodiscard]] engine::Time draw_due() const;

  ConsumerSetting& setting_;
  std::vector<std::shared_ptr<OpenTicket>> tickets_;
  std::vector<Task*> tasks_;
  int threads_ = 0;
  bool closing_ = false;
};

}  // namespace braid::simulation
