#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace clickstream {

/// Whether the stream is a terminal that a person looks at.
bool is_terminal(std::FILE* stream) noexcept;

/// Whether to colour what goes to the stream: on a terminal that is not "dumb", unless NO_COLOR is set and not
/// empty.
bool wants_colour(std::FILE* stream) noexcept;

/// Puts text in colour or leaves it alone. Colour only supports what the words say already.
/// Thread: a plain value; whoever holds it.
class Paint {
 public:
  explicit Paint(bool colour) noexcept : colour_(colour) {}

  std::string heading(std::string_view text) const { return in("1", text); }
  std::string good(std::string_view text) const { return in("32", text); }
  std::string bad(std::string_view text) const { return in("31", text); }

 private:
  std::string in(std::string_view code, std::string_view text) const;

  bool colour_;
};

}  // namespace clickstream
