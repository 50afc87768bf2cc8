#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace clickstream {

enum class EventType : std::uint8_t { view, cart, remove_from_cart, purchase };

/// The data set's word for the type: "view", "cart", "remove_from_cart", "purchase".
std::string_view to_text(EventType type) noexcept;

/// One row of the data set.
/// The texts point into the line that was read (see EventParser::parse for how long they hold).
/// Thread: a plain value; whoever holds it.
struct Event {
  std::string_view event_time_text;  ///< As written: "2019-10-01 00:00:00 UTC".
  std::int64_t event_time = 0;       ///< The same in seconds since 1970-01-01 00:00:00 UTC.
  EventType event_type = EventType::view;
  std::uint64_t product_id = 0;
  std::uint64_t category_id = 0;
  std::string_view category_code;  ///< May be empty.
  std::string_view brand;          ///< May be empty.
  std::int64_t price_cents = 0;    ///< Cents, because sums of floating-point prices depend on their order.
  std::uint64_t user_id = 0;
  std::string_view user_session;  ///< Never empty.

  bool operator==(const Event&) const = default;
};

/// Appends the event as one line of the standard columns, without a line end; fields are quoted where they must be.
/// EventParser with the standard columns reads it back as an equal event.
void write_event(const Event& event, std::string& out);

/// Seconds since the epoch as the data set writes them: "2019-10-01 00:00:00 UTC". Years 0 to 9999.
std::string format_time(std::int64_t seconds_since_epoch);

}  // namespace clickstream
