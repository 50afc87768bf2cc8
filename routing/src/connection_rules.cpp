#include "connection_rules.hpp"

#include "limits.hpp"
#include "text.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace braid::routing {

namespace {

constexpr std::string_view kMin = "connections.min";
constexpr std::string_view kMax = "connections.max";
constexpr std::string_view kStart = "connections.start";
constexpr std::string_view kDelay = "connections.scale_delay";

// Collects. Thread: the caller's.
class ConnectionRules {
 public:
  explicit ConnectionRules(const Connections& connections) : connections_(connections) {}

  std::vector<Breach> run() {
    const bool sizes = connections_.min || connections_.max || connections_.start;
    if (connections_.count && sizes) {
      add("connections", "connections have a count, or min, max and start; not both");
      return std::move(breaches_);
    }
    bounded("connections", connections_.count);
    bounded(kMin, connections_.min);
    bounded(kMax, connections_.max);
    bounded(kStart, connections_.start);
    // What is out of its own bounds is not compared with others.
    if (sizes && breaches_.empty()) compare();
    delay();
    return std::move(breaches_);
  }

 private:
  void add(std::string_view option, std::string message) {
    breaches_.push_back({.option = std::string(option), .message = std::move(message)});
  }

  void bounded(std::string_view option, const std::optional<std::uint32_t>& value) {
    if (!value) return;
    const std::string text = std::to_string(*value);
    if (*value < kConnections.least) add(option, too_small(option, std::to_string(kConnections.least), text));
    if (*value > kConnections.most) add(option, too_large(option, std::to_string(kConnections.most), text));
  }

  void compare() {
    const std::string least = std::to_string(connections_.least()) + " (connections.min)";
    const std::string most = std::to_string(connections_.most()) + " (connections.max)";
    if (connections_.most() < connections_.least()) {
      add(kMax, too_small(kMax, least, std::to_string(connections_.most())));
      return;
    }
    const std::string start = std::to_string(connections_.at_start());
    if (connections_.at_start() < connections_.least()) add(kStart, too_small(kStart, least, start));
    if (connections_.at_start() > connections_.most()) add(kStart, too_large(kStart, most, start));
  }

  void delay() {
    const auto value = connections_.scale_delay;
    if (value < kScaleDelay.least) {
      add(kDelay, too_small(kDelay, to_text(kScaleDelay.least), to_text(value)));
    }
    if (value > kScaleDelay.most) {
      add(kDelay, too_large(kDelay, to_text(kScaleDelay.most), to_text(value)));
    }
  }

  const Connections& connections_;
  std::vector<Breach> breaches_;
};

}  // namespace

std::vector<Breach> breaches(const Connections& connections) {
  return ConnectionRules(connections).run();
}

}  // namespace braid::routing
