#include "engine/listener/full_queue_watch.hpp"

#include "core/recovery/error_text.hpp"

#include <fmt/format.h>

#include <chrono>
#include <string>

namespace braid::engine {

namespace {

constexpr Duration kSayAgain = std::chrono::minutes(1);
constexpr std::size_t kMostKey = 100;  // bytes of it that are told

long long seconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

std::string describe_key(const Message& message) {
  if (!message.has_key()) return "no key";
  return fmt::format("key '{}'", core::bounded_utf8(message.key(), kMostKey));
}

}  // namespace

void FullQueueWatch::look(const std::optional<Full>& full, Time now) {
  if (!full) {
    if (said_at_) say_over(now);
    since_.reset();
    said_at_.reset();
    return;
  }
  // The first look only notes it.
  if (!since_) {
    since_ = now;
    return;
  }
  if (said_at_ && now - *said_at_ < kSayAgain) return;
  said_at_ = now;
  say_full(*full, now);
}

void FullQueueWatch::say_full(const Full& full, Time now) {
  if (!log_.enabled(LogLevel::warning)) return;
  const std::string at = full.stands_at == nullptr
                             ? std::string()
                             : fmt::format(", which stands at offset {} ({})", full.stands_at->offset().value,
                                           describe_key(*full.stands_at));
  log_.write(
      LogLevel::warning, "partition",
      fmt::format("{}/{}: no more is taken since {} s ago: {} messages wait in virtual partition {}{}; it goes "
                  "on when there are fewer than max_queued ({})",
                  assignment_.partition().topic, assignment_.partition().partition.value, seconds(now - *since_),
                  full.queued, full.index, at, assignment_.topic().max_queued));
}

void FullQueueWatch::say_over(Time now) {
  if (!log_.enabled(LogLevel::warning)) return;
  log_.write(LogLevel::warning, "partition",
             fmt::format("{}/{}: goes on after {} s: no queue is full any more", assignment_.partition().topic,
                         assignment_.partition().partition.value, seconds(now - *since_)));
}

}  // namespace braid::engine
