#include <braid/json.hpp>

#include <boost/json/parser.hpp>
#include <fmt/format.h>

#include <array>
#include <cstddef>

namespace braid::detail {

boost::json::value json_of(const Message& message) {
  // What the parser keeps of its way, so that it allocates for the value alone.
  std::array<unsigned char, 4096> stack;
  boost::json::parser parser({}, {}, stack.data(), stack.size());
  boost::json::error_code error;
  const std::string_view payload = message.payload();
  const std::size_t read = parser.write_some(payload.data(), payload.size(), error);
  if (!error && read < payload.size()) error = boost::json::error::extra_data;
  if (error) {
    throw DecodingFailed(message, fmt::format("it is not JSON: {} at byte {}", error.message(), read));
  }
  return parser.release();
}

}  // namespace braid::detail
