#pragma once

#include <braid/routing/routes.hpp>

#include <iosfwd>
#include <stdexcept>
#include <string>
#include <vector>

namespace braid::routing {

// One mistake in routes. Thread: a plain value.
struct Problem {
  std::string address{};  // such as `analytics / clicks / ecommerce.events`; empty: the routes as a whole
  SourceLocation location{};
  std::string message{};

  bool operator==(const Problem&) const = default;
};

// One line: `routing.yaml:12:9: analytics / clicks / ecommerce.events: max_partitions must be at least 1, is 0`.
// What is not known (the file, the line, the address) is left out.
[[nodiscard]] std::string to_string(const Problem& problem);
std::ostream& operator<<(std::ostream& out, const Problem& problem);

// Routes that must not run. what() has every problem, a line each. Thread: a plain value.
class InvalidRoutes : public std::runtime_error {
 public:
  explicit InvalidRoutes(std::vector<Problem> problems);
  [[nodiscard]] const std::vector<Problem>& problems() const { return problems_; }

 private:
  std::vector<Problem> problems_;
};

}  // namespace braid::routing
