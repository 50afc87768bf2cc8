#pragma once

#include <braid/message.hpp>
#include <braid/routing/partition_key.hpp>

#include <functional>
#include <optional>
#include <string>

// Where a placement takes a message's key from. Each has PartitionKey key_of(const Message&, KeyProblem&), whose
// result lives until the next call, and std::string subject(): what the problems are about. Thread: the listener's.

namespace braid::core {

// A key that could not be taken; the message goes the way of those without a key.
struct KeyProblem {
  const char* text = nullptr;  // a literal; none: no problem
};

struct MessageKey {
  PartitionKey key_of(const Message& message, KeyProblem&) const {
    return message.has_key() ? PartitionKey(message.key()) : PartitionKey();
  }
  [[nodiscard]] std::string subject() const { return "message key"; }
};

struct HeaderKey {
  std::string name;
  PartitionKey key_of(const Message& message, KeyProblem& problem) const {
    const std::optional<Header> header = message.header(name);
    if (header && header->value) return *header->value;
    problem = {header ? "has no value" : "is absent"};
    return {};
  }
  [[nodiscard]] std::string subject() const { return "header '" + name + "'"; }
};

struct CallableKey {
  std::function<PartitionKey(const Message&)> callable;
  PartitionKey key_of(const Message& message, KeyProblem&) const { return callable(message); }
  [[nodiscard]] std::string subject() const { return "partitioner"; }
};

// Round robin: no message has a key, each goes for itself.
struct NoKey {
  PartitionKey key_of(const Message&, KeyProblem&) const { return {}; }
  [[nodiscard]] std::string subject() const { return "round robin"; }
};

}  // namespace braid::core
