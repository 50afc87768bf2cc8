#include <braid/filter.hpp>

namespace braid {

std::optional<std::chrono::milliseconds> FilterTime::age(const Message& message) const {
  const auto timestamp = message.timestamp();
  // A producer may write any number; one below the epoch is none, or the difference might not fit.
  if (timestamp <= std::chrono::system_clock::time_point{}) return std::nullopt;
  return std::chrono::floor<std::chrono::milliseconds>(wall - timestamp);
}

}  // namespace braid
