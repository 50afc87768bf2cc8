#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace braid::routing {

// A regular expression that topics' names are matched with: POSIX extended, from its first character '^' on, as the
// Kafka client takes it for a subscription. Matches anywhere behind that; end it with '$' for the whole name.
// Thread: a value; any one at a time.
class TopicPattern {
 public:
  // Matches nothing where error() says why.
  explicit TopicPattern(const std::string& text);
  [[nodiscard]] bool matches(const std::string& topic) const;
  // What is wrong with the expression, in words; empty: nothing.
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  struct Compiled;
  std::shared_ptr<const Compiled> compiled_;  // none where it is wrong
  std::string error_;
};

}  // namespace braid::routing
