#include "history.hpp"

#include "event_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

namespace braid::ops {

namespace {

// How far back an equal entry is looked for.
constexpr std::ptrdiff_t kLookBack = 16;

using Kind = History::Kind;

template <class E>
constexpr std::optional<Kind> kind_of(const E* /*event*/) {
  return std::nullopt;
}
#define BRAID_HISTORY(Event, kind)                                     \
  constexpr std::optional<Kind> kind_of(const events::Event* /*of*/) { \
    return Kind::kind;                                                 \
  }
BRAID_HISTORY(ErrorOccurred, errors)
BRAID_HISTORY(AttemptFailed, errors)
BRAID_HISTORY(JobOverran, errors)
BRAID_HISTORY(PartitionStalled, errors)
BRAID_HISTORY(PartitionMoving, errors)
BRAID_HISTORY(CommitFailed, errors)
BRAID_HISTORY(DeadLetterFailed, errors)
BRAID_HISTORY(EventsDropped, errors)
BRAID_HISTORY(DeadLetterSent, letters)
BRAID_HISTORY(MessageParked, letters)
BRAID_HISTORY(MessageSkipped, letters)
BRAID_HISTORY(MessagesDropped, letters)
BRAID_HISTORY(PartitionsAssigned, rebalances)
BRAID_HISTORY(PartitionsRevoked, rebalances)
BRAID_HISTORY(ConnectionStarted, rebalances)
BRAID_HISTORY(ConnectionFailed, rebalances)
BRAID_HISTORY(ConnectionRestarting, rebalances)
BRAID_HISTORY(ConnectionAdded, rebalances)
BRAID_HISTORY(ConnectionLeaving, rebalances)
#undef BRAID_HISTORY

std::optional<Kind> kind_of_any(const Event& event) {
  return std::visit([](const auto& each) { return kind_of(&each); }, event);
}

const char* name_of(Kind kind) {
  switch (kind) {
    case Kind::errors:
      return "errors";
    case Kind::letters:
      return "letters";
    case Kind::rebalances:
      break;
  }
  return "rebalances";
}

// Rebalances differ each time, and are rare.
bool may_repeat(Kind kind) {
  return kind == Kind::errors;
}

template <std::size_t... Index>
void subscribe_each(std::index_sequence<Index...> /*kinds*/, auto&& subscribe) {
  (subscribe(static_cast<std::variant_alternative_t<Index, Event>*>(nullptr)), ...);
}

std::int64_t milliseconds_of(Monitor::Moment moment) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(moment.time_since_epoch()).count();
}

}  // namespace

void History::listen(Monitor& monitor) {
  auto next = subscriptions_.begin();
  subscribe_each(std::make_index_sequence<kEventKinds>(), [&]<class E>(E* kind) {
    if (!kind_of(kind) || next == subscriptions_.end()) return;
    *next++ = monitor.subscribe<E>([this](const E& event, Monitor::Moment at) { add(Event(event), at); });
  });
}

void History::add(Event event, Monitor::Moment at) {
  const auto kind = kind_of_any(event);
  if (!kind) return;
  std::string about = what_repeats(event);
  const std::lock_guard lock(mutex_);
  ++revision_;
  auto& entries = entries_[static_cast<std::size_t>(*kind)];
  if (may_repeat(*kind)) {
    const auto back = std::min<std::ptrdiff_t>(kLookBack, std::ssize(entries));
    const auto found = std::find_if(entries.rbegin(), std::next(entries.rbegin(), back),
                                    [&](const Entry& entry) { return entry.about == about; });
    if (found != std::next(entries.rbegin(), back)) {
      Entry again = std::move(*found);
      entries.erase(std::next(found).base());
      again.event = std::move(event);
      again.last = at;
      ++again.times;
      entries.push_back(std::move(again));
      return;
    }
  }
  if (entries.size() == kMost) {
    entries.pop_front();
    ++forgotten_[static_cast<std::size_t>(*kind)];
  }
  entries.push_back({.event = std::move(event), .about = std::move(about), .first = at, .last = at});
}

std::string History::json(Kind kind) const {
  std::deque<Entry> entries;
  std::uint64_t forgotten = 0;
  {
    const std::lock_guard lock(mutex_);
    entries = entries_[static_cast<std::size_t>(kind)];
    forgotten = forgotten_[static_cast<std::size_t>(kind)];
  }
  boost::json::array array;
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    boost::json::object object{{"at_ms", milliseconds_of(entry->last)},
                               {"first_at_ms", milliseconds_of(entry->first)},
                               {"repeats", entry->times}};
    const boost::json::object fields = event_object(entry->event);
    object.insert(fields.begin(), fields.end());
    array.push_back(std::move(object));
  }
  return boost::json::serialize(boost::json::object{{name_of(kind), std::move(array)}, {"forgotten", forgotten}}) +
         '\n';
}

std::uint64_t History::revision() const {
  const std::lock_guard lock(mutex_);
  return revision_;
}

}  // namespace braid::ops
