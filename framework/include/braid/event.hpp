#pragma once

#include <braid/events.hpp>

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <variant>

// What holds for all events of the catalogue. Thread: values; as any.

namespace braid {

// Any event of the catalogue.
using Event = std::variant<
    events::ApplicationStarted, events::ApplicationStopping, events::ApplicationStopped, events::ConnectionStarted,
    events::ConnectionFailed, events::ConnectionRestarting, events::ConnectionAdded, events::ConnectionLeaving,
    events::PartitionsAssigned, events::PartitionsRevoked, events::PartitionStarted, events::PartitionStalled,
    events::PartitionMoving, events::PartitionMeasured, events::BatchSettled, events::JobStarted, events::JobEnded,
    events::JobOverran, events::AttemptFailed, events::RetryScheduled, events::MessageSkipped,
    events::MessageParked, events::MessagesDropped, events::DeadLetterSent, events::DeadLetterFailed,
    events::PositionsCommitted, events::CommitFailed, events::ErrorOccurred, events::EventsDropped,
    events::RecordsDelivered, events::RecordsFailed, events::ProducerReplaced, events::ProducerFailed,
    events::TransactionCommitted, events::TransactionAborted, events::ClientMeasured>;

inline constexpr std::size_t kEventKinds = std::variant_size_v<Event>;

template <class E, std::size_t Index = 0>
[[nodiscard]] constexpr std::size_t event_kind() {
  static_assert(Index < kEventKinds, "this is no event of the catalogue (braid/events.hpp)");
  if constexpr (std::is_same_v<std::variant_alternative_t<Index, Event>, E>) {
    return Index;
  } else {
    return event_kind<E, Index + 1>();
  }
}

// By its kind, an index in [0, kEventKinds).
[[nodiscard]] std::string_view event_name(std::size_t kind);

// Calls visitor(std::string_view name, const auto& value) for each field, in order; of parts, for theirs, as though
// they were the event's own.
template <class E, class Visitor>
void visit_fields(const E& event, Visitor&& visitor);

template <class T>
concept EventPart = requires(const T& part) {
  T::kFields;
  part.fields();
};

template <class E, class Visitor>
void visit_fields(const E& event, Visitor&& visitor) {
  std::string_view names = E::kFields;
  const auto visit = [&](const auto& value) {
    const std::string_view name = names.substr(0, names.find(','));
    names.remove_prefix(std::min(names.size(), name.size() + 2));
    if constexpr (EventPart<std::remove_cvref_t<decltype(value)>>) {
      visit_fields(value, visitor);
    } else {
      visitor(name, value);
    }
  };
  std::apply([&](const auto&... values) { (visit(values), ...); }, event.fields());
}

}  // namespace braid
