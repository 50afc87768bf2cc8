#pragma once

#include "core/virtual_partitions/key_sources.hpp"

#include <memory>
#include <string>

namespace braid::core {

// Takes the key from a field of a JSON payload. Thread: one, and each key lives until the next call: parser and
// values live in memory that is used again, so that the steady path allocates nothing.
//
// An integer from 0 becomes a number key; everything else scalar becomes bytes: strings as they are once unescaped,
// other numbers in their shortest decimal text (5.0 as "5"), true and false by name. Objects, arrays and null have
// no text that would be a key, and are problems like an absent field.
class JsonFieldKey {
 public:
  // The name of a field of the outermost object; a JSON pointer (RFC 6901) if it starts with '/'.
  explicit JsonFieldKey(std::string field);
  ~JsonFieldKey();
  JsonFieldKey(JsonFieldKey&&) noexcept;
  JsonFieldKey& operator=(JsonFieldKey&&) noexcept;

  PartitionKey key_of(const Message& message, KeyProblem& problem);
  [[nodiscard]] std::string subject() const;

 private:
  struct Parser;  // keeps Boost.JSON, a slow header, out of here
  std::string field_;
  std::unique_ptr<Parser> parser_;
};

}  // namespace braid::core
