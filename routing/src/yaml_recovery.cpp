#include "scalars.hpp"
#include "text.hpp"
#include "yaml_reader.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <string>

// What YamlReader reads of failures. What is refused gets a value in its stead that makes no other rule speak:
// problems at the same place are left out.

namespace braid::routing {

namespace {

constexpr std::uint32_t kRetriesInstead = 1;

}  // namespace

Retries YamlReader::read_retries(const YamlNode& node, const Mark& mark) {
  Retries retries;
  const Read read_max = [&](const YamlNode& value) { retries.max = read_max_retries(value); };
  read_mapping(node, "retries",
               {{"max", read_max},
                {"backoff", [&](const YamlNode& value) { retries.backoff = read_backoff(value, mark); }},
                {"max_elapsed",
                 [&](const YamlNode& value) {
                   retries.max_elapsed =
                       duration(value, "retries: max_elapsed", "1h").value_or(std::chrono::milliseconds{1});
                 }}},
               [&](std::string_view key, const YamlNode& value) { mark("retries." + std::string(key), value); });
  if (node.kind != YamlNode::Kind::mapping) retries.max = kRetriesInstead;
  return retries;
}

std::uint32_t YamlReader::read_max_retries(const YamlNode& value) {
  constexpr std::string_view kUnlimited = "unlimited";
  constexpr std::string_view kName = "retries: max";
  if (value.kind == YamlNode::Kind::scalar && value.scalar == kUnlimited) return unlimited;
  if (value.kind != YamlNode::Kind::scalar || value.quoted || !is_whole_number(value.scalar)) {
    std::string message = std::string(kName) + " must be a whole number or unlimited, is " + what_it_is(value);
    if (nearest(value.scalar, std::array{kUnlimited})) message += "; did you mean 'unlimited'?";
    refuse(value, std::move(message));
    return kRetriesInstead;
  }
  const std::uint32_t count = number(value, kName, kRetries).value_or(kRetriesInstead);
  if (count != unlimited) return count;
  refuse(value, too_large(kName, std::to_string(kRetries.most), value.scalar));
  return kRetriesInstead;
}

Backoff YamlReader::read_backoff(const YamlNode& node, const Mark& mark) {
  constexpr std::string_view kInitial = "retries.backoff.initial";
  constexpr std::string_view kForm =
      "retries: backoff must be a duration, {fixed: DURATION} or {exponential: {initial, max, multiplier, jitter}}";
  Backoff backoff;
  const Read read_fixed = [&](const YamlNode& value) {
    mark(kInitial, value);
    backoff = fixed(duration(value, "retries: backoff", "1h").value_or(std::chrono::milliseconds{1}));
  };
  if (node.kind == YamlNode::Kind::scalar) {
    read_fixed(node);
    return backoff;
  }
  if (node.kind != YamlNode::Kind::mapping) {
    refuse(node, std::string(kForm) + ", is " + what_it_is(node));
    return backoff;
  }
  read_mapping(node, "retries: backoff",
               {{"fixed", read_fixed},
                {"exponential", [&](const YamlNode& value) { backoff = read_exponential(value, mark); }}},
               [](std::string_view, const YamlNode&) {});
  const bool has_fixed = node.find("fixed") != nullptr;
  const bool has_exponential = node.find("exponential") != nullptr;
  if (has_fixed == has_exponential) {
    refuse(node, std::string("retries: backoff must have either fixed or exponential, has ") +
                     (has_fixed ? "both" : "neither"));
  }
  return backoff;
}

Backoff YamlReader::read_exponential(const YamlNode& node, const Mark& mark) {
  Backoff backoff;
  const Read read_initial = [&](const YamlNode& value) {
    backoff.initial = duration(value, "retries: backoff: initial", "1h").value_or(std::chrono::milliseconds{1});
  };
  const Read read_max = [&](const YamlNode& value) {
    backoff.max = duration(value, "retries: backoff: max", "1h").value_or(kPause.most);
  };
  const Read read_multiplier = [&](const YamlNode& value) {
    if (const auto times = real(value, "retries: backoff: multiplier")) backoff.multiplier = *times;
  };
  const Read read_jitter = [&](const YamlNode& value) {
    if (const auto part = real(value, "retries: backoff: jitter")) backoff.jitter = *part;
  };
  read_mapping(
      node, "retries: backoff: exponential",
      {{"initial", read_initial}, {"max", read_max}, {"multiplier", read_multiplier}, {"jitter", read_jitter}},
      [&](std::string_view key, const YamlNode& value) { mark("retries.backoff." + std::string(key), value); });
  // A problem between the two lies at whichever is there.
  if (const YamlNode* initial = node.find("initial"); initial != nullptr && node.find("max") == nullptr) {
    mark("retries.backoff.max", *initial);
  }
  return backoff;
}

DeadLetters YamlReader::read_dead_letter(const YamlNode& node, const Mark& mark) {
  using To = DeadLetters::To;
  constexpr std::string_view kNone = "none";
  DeadLetters letters;
  const Read read_topic = [&](const YamlNode& value) {
    mark("dead_letter.topic", value);
    if (value.kind == YamlNode::Kind::scalar && !value.quoted && value.scalar == kNone) {
      letters.to = To::discarded;
      return;
    }
    letters.to = To::topic;
    letters.topic = text(value, "dead_letter: topic").value_or("");
  };
  if (node.kind == YamlNode::Kind::scalar) {
    read_topic(node);
    if (letters.to == To::discarded) {
      refuse(node,
             "dead_letter: none may mean two things: say {topic: none} to skip and count dead letters, or "
             "leave dead_letter out to have none");
    }
    return letters;
  }
  if (node.find("topic") == nullptr) letters.to = To::topic;  // its empty name is refused at the same place
  if (node.kind != YamlNode::Kind::mapping) {
    refuse(node,
           "dead_letter must be the name of a topic, or {topic: NAME} or {topic: none}, is " + what_it_is(node));
    return letters;
  }
  read_mapping(node, "dead_letter", {{"topic", read_topic}}, [](std::string_view, const YamlNode&) {});
  if (node.find("topic") == nullptr) refuse(node, "dead_letter must have a topic");
  return letters;
}

std::optional<double> YamlReader::real(const YamlNode& node, std::string_view what) {
  if (node.kind == YamlNode::Kind::scalar && !node.quoted) {
    if (const auto value = parse_real(node.scalar)) return value;
  }
  refuse(node, std::string(what) + " must be a number such as 2 or 0.5, is " + (node.quoted ? "the text " : "") +
                   what_it_is(node));
  return std::nullopt;
}

}  // namespace braid::routing
