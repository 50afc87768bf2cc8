#pragma once

#include <exception>
#include <string>

namespace braid::engine {

// What was thrown, in words: the type and text of an exception, or the type of anything else.
std::string describe_failure(const std::exception_ptr& failure);

}  // namespace braid::engine
