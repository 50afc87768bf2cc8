#pragma once

#include "apps/clickstream/src/event_parser.hpp"

#include <braid/consumer.hpp>

#include <string>

namespace clickstream {

struct BoardEntry;
class CapacityGate;
class TotalsBoard;

/// What all consumers of one run share. They live as long as the application.
struct SessionTotalsParts {
  TotalsBoard& board;
  CapacityGate* gate = nullptr;  ///< Told what has been processed, if there is one.
  std::string run;               ///< If not empty: only messages with this run's header count.
};

/// The message header that says which run sent an event.
inline constexpr const char* run_header = "clickstream-run";

/// Adds the events of one virtual partition to its totals.
///
/// A sum must not take an event twice, and Kafka may deliver it twice. The messages of a virtual partition come in
/// offset order, so the entry's `next` tells those that were counted before, also by an earlier object of it.
class SessionTotals : public braid::Consumer {
 public:
  explicit SessionTotals(const SessionTotalsParts& parts) : parts_(parts) {}

 protected:
  void on_assigned(const braid::VirtualPartition& where) override;
  void consume(braid::Batch& batch) override;

 private:
  bool of_this_run(const braid::Message& message) const;

  const SessionTotalsParts& parts_;
  BoardEntry* entry_ = nullptr;
  EventParser parser_;
};

}  // namespace clickstream
