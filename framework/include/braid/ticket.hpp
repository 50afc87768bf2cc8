#pragma once

#include <braid/message.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <span>
#include <string>

namespace braid {

namespace engine {
class Deferral;
}

// Settles a batch later, for libraries that call back: made by Batch::defer(), moved to wherever the answer comes.
//
//   void consume(Batch& batch) override {
//     client_.send(rows_of(batch), [ticket = batch.defer()](const Answer& answer) mutable {
//       answer.ok ? ticket.done() : ticket.fail(answer.text);
//     });
//   }
//
// Its virtual partition is busy until the ticket is settled *and* consume() has returned; drains wait for it. The
// messages live as long as the ticket is not settled. Dropped unsettled it fails its batch at once. If consume()
// throws after defer(), that is how the attempt ended, and the ticket is inert; so it is once it was overdue under
// `on_ticket_timeout: retry`, and when its assignment is over.
//
// Thread: any; done() and fail() may race, and one of them wins. Where the application has stopped meanwhile, the
// consumer's last hook may run within done() or fail().
class Ticket {
 public:
  // Every message is done. False: no effect, since it was settled before, or is inert.
  bool done() noexcept;
  // The attempt failed, as though consume() had thrown this: what is not marked is tried again.
  bool fail(std::exception_ptr failure) noexcept;
  bool fail(const std::string& why);
  // This message and all before it are done, even if the rest fails. Does nothing once settled. Throws
  // std::invalid_argument for a message of another batch, std::logic_error where the topic is exactly_once: what
  // the call has sent goes out with all of the batch, or not at all.
  void mark(const Message& message);

  // The messages of the batch; none once settled through this ticket.
  [[nodiscard]] std::span<const Message> messages() const;
  using const_iterator = const Message*;
  [[nodiscard]] const_iterator begin() const { return messages().data(); }
  [[nodiscard]] const_iterator end() const { return messages().data() + size(); }
  [[nodiscard]] std::size_t size() const { return messages().size(); }
  // Settled, or inert. Also true for a ticket that was moved from.
  [[nodiscard]] bool settled() const;
  // The assignment has ended, or is about to: see VirtualPartition.
  [[nodiscard]] bool revoked() const;

  // For Batch::defer() alone.
  explicit Ticket(std::shared_ptr<engine::Deferral> deferral);
  Ticket(Ticket&&) noexcept = default;
  Ticket& operator=(Ticket&& other) noexcept;
  ~Ticket();

 private:
  void drop() noexcept;

  std::shared_ptr<engine::Deferral> deferral_;  // null: moved from
};

}  // namespace braid
