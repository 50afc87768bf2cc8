#include <braid/routing/class_name.hpp>

#include <cxxabi.h>

#include <cstddef>
#include <cstdlib>
#include <memory>

namespace braid::routing {

std::string class_name(const std::type_info& type) {
  return unqualified(qualified_class_name(type));
}

std::string qualified_class_name(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> readable(abi::__cxa_demangle(type.name(), nullptr, nullptr, &status),
                                                        std::free);
  return status == 0 ? readable.get() : type.name();
}

std::string unqualified(std::string_view qualified_name) {
  std::size_t start = 0;
  int depth = 0;  // of brackets: a `::` within template arguments or parameters is not ours
  for (std::size_t i = 0; i + 1 < qualified_name.size(); ++i) {
    const char c = qualified_name[i];
    if (c == '<' || c == '(' || c == '{') ++depth;
    if (c == '>' || c == ')' || c == '}') --depth;
    if (depth == 0 && c == ':' && qualified_name[i + 1] == ':') start = i + 2;
  }
  return std::string(qualified_name.substr(start));
}

}  // namespace braid::routing
