#pragma once

#include "apps/clickstream/src/event_parser.hpp"
#include "apps/clickstream/src/generator.hpp"

#include <cstdint>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace clickstream {

inline std::string generated_text(std::uint64_t events, std::uint64_t seed) {
  std::ostringstream out;
  generate_events(events, seed, out);
  return out.str();
}

/// The events of a generated file, with the text that they point into.
/// Thread: constant after construction; any.
class GeneratedEvents {
 public:
  GeneratedEvents(std::uint64_t count, std::uint64_t seed) : text_(generated_text(count, seed)) {
    std::string_view rest = text_;
    rest.remove_prefix(rest.find('\n') + 1);
    EventParser parser;
    while (!rest.empty()) {
      const std::size_t end = rest.find('\n');
      const auto parsed = parser.parse(rest.substr(0, end));
      if (!parsed) throw std::runtime_error("a generated line " + parsed.reason());
      events_.push_back(*parsed);
      rest.remove_prefix(end + 1);
    }
  }
  GeneratedEvents(const GeneratedEvents&) = delete;
  GeneratedEvents& operator=(const GeneratedEvents&) = delete;

  const std::vector<Event>& events() const noexcept { return events_; }

 private:
  std::string text_;
  std::vector<Event> events_;
};

}  // namespace clickstream
