#include "engine/worker/describe_failure.hpp"

#include <boost/core/demangle.hpp>

#include <cxxabi.h>

#include <typeinfo>

namespace braid::engine {

std::string failure_type(const std::exception_ptr& failure) {
  if (!failure) return {};
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& exception) {
    return boost::core::demangle(typeid(exception).name());
  } catch (...) {
    const std::type_info* type = abi::__cxa_current_exception_type();
    return type != nullptr ? boost::core::demangle(type->name()) : std::string();
  }
}

std::string failure_text(const std::exception_ptr& failure) {
  if (!failure) return {};
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& exception) {
    return exception.what();
  } catch (...) {
    return {};
  }
}

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
