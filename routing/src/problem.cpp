#include <braid/routing/problem.hpp>

#include <ostream>
#include <utility>

namespace braid::routing {

namespace {

std::string one_line_each(const std::vector<Problem>& problems) {
  std::string result;
  for (const Problem& problem : problems) {
    if (!result.empty()) result += '\n';
    result += to_string(problem);
  }
  return result;
}

}  // namespace

std::string to_string(const Problem& problem) {
  std::string result;
  if (!problem.location.file.empty()) {
    result += problem.location.file;
    if (problem.location.line > 0) {
      result += ':' + std::to_string(problem.location.line) + ':' + std::to_string(problem.location.column);
    }
    result += ": ";
  }
  if (!problem.address.empty()) result += problem.address + ": ";
  return result + problem.message;
}

std::ostream& operator<<(std::ostream& out, const Problem& problem) {
  return out << to_string(problem);
}

InvalidRoutes::InvalidRoutes(std::vector<Problem> problems)
    : std::runtime_error(one_line_each(problems)), problems_(std::move(problems)) {}

}  // namespace braid::routing
