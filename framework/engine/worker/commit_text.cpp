#include "engine/worker/commit_text.hpp"

#include "core/offsets/gap_codec.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace braid::engine {

void CommitText::start_with(std::string text) {
  stored_ = std::move(text);
  const std::lock_guard lock(mutex_);
  // It was stored under another limit, maybe.
  text_ = core::is_user_text(stored_, metadata_bytes_) ? stored_ : std::string();
}

void CommitText::set(std::string_view text) {
  if (!core::is_user_text(text, metadata_bytes_)) {
    throw std::invalid_argument(fmt::format(
        "commit_metadata: {} bytes can't ride along; the text must be printable ASCII, and with 14 bytes "
        "of the framework's fit into commit_metadata_bytes, which is {}",
        text.size(), metadata_bytes_));
  }
  const std::lock_guard lock(mutex_);
  if (text_ == text) return;
  text_ = text;
  // Release: who sees it finds this text or a later one.
  revision_.fetch_add(1, std::memory_order_release);
}

std::string CommitText::text() const {
  const std::lock_guard lock(mutex_);
  return text_;
}

}  // namespace braid::engine
