#include "engine/worker/describe_failure.hpp"

#include <boost/core/demangle.hpp>

#include <cxxabi.h>

#include <typeinfo>

namespace braid::engine {

std::string describe_failure(const std::exception_ptr& failure) {
  if (!failure) return "nothing";
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& exception) {
    return boost::core::demangle(typeid(exception).name()) + ": " + exception.what();
  } catch (...) {
    const std::type_info* type = abi::__cxa_current_exception_type();
    return type != nullptr ? "something of type " + boost::core::demangle(type->name()) : "something unknown";
  }
}

}  // namespace braid::engine
