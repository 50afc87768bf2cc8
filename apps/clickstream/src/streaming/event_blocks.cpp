#include "apps/clickstream/src/streaming/event_blocks.hpp"

#include <charconv>
#include <utility>

namespace clickstream {
namespace {

// What is read ahead: enough that neither side waits for the other at each event, and less than a megabyte.
constexpr std::size_t block_events = 1'000;
constexpr std::size_t block_bytes = 128 * 1024;
constexpr std::size_t blocks_ahead = 4;

}  // namespace

void EventBlock::add(std::string_view key, std::string_view payload, LineEnd end) {
  parts_.push_back({text_.size(), key.size(), payload.size(), end});
  text_.append(key).append(payload);
}

void EventBlock::clear() {
  text_.clear();
  parts_.clear();
}

EventRecord EventBlock::at(std::size_t index) const {
  const Part& part = parts_[index];
  const std::string_view text(text_);
  return {text.substr(part.begin, part.key), text.substr(part.begin + part.key, part.payload), part.end};
}

EventBlocks::EventBlocks(CsvReader& reader, std::uint64_t events_max)
    : reader_(reader), thread_([this, events_max] { read(events_max); }) {}

EventBlocks::~EventBlocks() {
  stop();
}

void EventBlocks::stop() noexcept {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

void EventBlocks::read(std::uint64_t events_max) {
  try {
    EventBlock block;
    std::string line;
    for (std::uint64_t events = 0; events < events_max; ++events) {
      const Event* const event = reader_.next();
      bytes_read_.store(reader_.bytes_done(), std::memory_order_relaxed);
      if (event == nullptr) break;
      char key[20];
      const auto key_end = std::to_chars(key, key + sizeof key, event->user_id).ptr;
      std::string_view payload = reader_.line().text;
      if (!reader_.columns().standard()) {
        line.clear();
        write_event(*event, line);
        payload = line;
      }
      block.add({key, static_cast<std::size_t>(key_end - key)}, payload,
                {reader_.bytes_done(), reader_.line().number});
      const bool full = block.size() >= block_events || block.bytes() >= block_bytes;
      if (full && !hand_over(block)) return;
    }
    if (block.size() > 0 && !hand_over(block)) return;
  } catch (...) {
    const std::lock_guard lock(mutex_);
    failure_ = std::current_exception();
  }
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

bool EventBlocks::hand_over(EventBlock& block) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stopped_ || ready_.size() < blocks_ahead; });
  if (stopped_) return false;
  ready_.push_back(std::move(block));
  block = EventBlock();
  if (!spare_.empty()) {
    block = std::move(spare_.back());
    spare_.pop_back();
  }
  changed_.notify_all();
  return true;
}

bool EventBlocks::next(EventBlock& block) {
  std::unique_lock lock(mutex_);
  block.clear();
  spare_.push_back(std::move(block));
  block = EventBlock();
  changed_.wait(lock, [this] { return stopped_ || ended_ || !ready_.empty(); });
  if (stopped_) return false;
  if (!ready_.empty()) {
    block = std::move(ready_.front());
    ready_.pop_front();
    changed_.notify_all();
    return true;
  }
  // What was read before it failed has been given out.
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  return false;
}

}  // namespace clickstream
