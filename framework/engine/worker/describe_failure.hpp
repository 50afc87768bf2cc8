#pragma once

#include <exception>
#include <string>

namespace braid::engine {

// What was thrown, in words: the type and text of an exception, or the type of anything else.
std::string describe_failure(const std::exception_ptr& failure);
// The same apart: its type, demangled; and what it says, where it is an exception.
std::string failure_type(const std::exception_ptr& failure);
std::string failure_text(const std::exception_ptr& failure);

}  // namespace braid::engine
