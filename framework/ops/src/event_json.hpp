#pragma once

#include <braid/event.hpp>

#include <boost/json/object.hpp>

#include <string>

namespace braid::ops {

// An event with its name and fields, those of parts as though they were its own. Times are numbers, in the unit
// that the field's name gets: `pause_ms`, `took_us`.
[[nodiscard]] boost::json::object event_object(const Event& event);

// The same for events that tell the same again: kind, place and error.
[[nodiscard]] std::string what_repeats(const Event& event);

}  // namespace braid::ops
