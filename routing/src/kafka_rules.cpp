#include "kafka_rules.hpp"

#include "limits.hpp"
#include "text.hpp"

#include <algorithm>
#include <array>

namespace braid::routing {

namespace {

struct Owned {
  std::string_view setting;
  std::string_view instead;
};

constexpr std::string_view kCommits = "the framework commits by itself, and only what is done; leave it out";
constexpr std::array kOwned{
    Owned{"group.id", "it is the consumer group's id; change that instead"},
    Owned{"enable.auto.commit", kCommits},
    Owned{"auto.commit.enable", kCommits},
    Owned{"enable.auto.offset.store", kCommits},
    Owned{"auto.commit.interval.ms", "use the application's commit interval instead"},
    Owned{"auto.offset.reset", "use initial_offset instead"},
    Owned{"enable.partition.eof", "the framework turns it on and off as it needs; leave it out"},
};

bool legal_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-';
}

}  // namespace

std::string refusal(std::string_view kafka_setting) {
  if (kafka_setting.empty()) return "a kafka setting must have a name";
  std::string instead;
  const auto owned =
      std::find_if(kOwned.begin(), kOwned.end(), [&](const Owned& each) { return each.setting == kafka_setting; });
  if (owned != kOwned.end()) {
    instead = owned->instead;
  } else if (kafka_setting.ends_with("_cb")) {
    instead = "callbacks are the framework's; leave it out";
  } else {
    return "";
  }
  return "kafka setting " + quoted(kafka_setting) + " may not be set: " + instead;
}

std::string illegal_name(std::string_view option, std::string_view name) {
  if (name.empty()) return std::string(option) + " must not be empty";
  if (name == "." || name == "..") return std::string(option) + " must not be '.' or '..'";
  if (!std::all_of(name.begin(), name.end(), legal_character)) {
    return std::string(option) + " may hold letters, digits, '.', '_' and '-' only, is " + quoted(name);
  }
  if (name.size() > kLongestName) {
    return too_large(option, std::to_string(kLongestName) + " characters long", std::to_string(name.size()));
  }
  return "";
}

}  // namespace braid::routing
