#include "adapters/librdkafka/rdkafka_log.hpp"

#include <braid/routing/secrets.hpp>

#include <syslog.h>

#include <algorithm>
#include <utility>

namespace braid::adapters {
namespace {

constexpr auto kQuiet = std::chrono::seconds{30};
constexpr std::size_t kKindsMax = 256;

engine::LogLevel level_of(int syslog_level) {
  if (syslog_level <= LOG_ERR) return engine::LogLevel::error;
  if (syslog_level == LOG_WARNING) return engine::LogLevel::warning;
  if (syslog_level <= LOG_INFO) return engine::LogLevel::info;
  return engine::LogLevel::debug;
}

// Lines differ by durations, counts and addresses; without their digits they are the same.
std::string kind_of(std::string_view facility, std::string_view text) {
  std::string kind{facility};
  kind += ' ';
  std::copy_if(text.begin(), text.end(), std::back_inserter(kind), [](char c) { return c < '0' || c > '9'; });
  return kind;
}

}  // namespace

void RdkafkaLog::prepare(rd_kafka_conf_t& conf) {
  rd_kafka_conf_set(&conf, "log.queue", "true", nullptr, 0);
}

void RdkafkaLog::attach(rd_kafka_t* rk, routing::KafkaSettings secrets) {
  secrets_ = std::move(secrets);
  queue_.reset(rd_kafka_queue_new(rk));
  rd_kafka_set_log_queue(rk, queue_.get());
}

bool RdkafkaLog::admit(std::string_view facility, std::string_view text, std::chrono::steady_clock::time_point now,
                       unsigned& repeats) {
  repeats = 0;
  std::string kind = kind_of(facility, text);
  const auto found = seen_.find(kind);
  if (found == seen_.end()) {
    if (seen_.size() >= kKindsMax) seen_.clear();
    seen_.emplace(std::move(kind), Seen{now, 0});
    return true;
  }
  if (now - found->second.written < kQuiet) {
    ++found->second.held_back;
    return false;
  }
  repeats = found->second.held_back;
  found->second = {now, 0};
  return true;
}

void RdkafkaLog::drain() {
  if (!queue_) return;
  while (EventPtr event{rd_kafka_queue_poll(queue_.get(), 0)}) {
    const char* facility = "";
    const char* text = "";
    int syslog_level = LOG_INFO;
    if (rd_kafka_event_log(event.get(), &facility, &text, &syslog_level) != 0) continue;
    engine::LogLevel level = level_of(syslog_level);
    // Said of each broker that can't be told not to create topics (older ones, and the mock's), though nobody
    // asked.
    if (std::string_view(facility) == "AUTOCREATE") level = engine::LogLevel::debug;
    if (trouble_ != nullptr && trouble_->note_line(facility, text)) level = engine::LogLevel::debug;
    if (!log_.enabled(level)) continue;
    unsigned repeats = 0;
    // Debug lines were asked for by name (the setting `debug`), so all of them are wanted.
    if (level != engine::LogLevel::debug && !admit(facility, text, std::chrono::steady_clock::now(), repeats))
      continue;
    std::string line = std::string{facility} + ": " + text;
    if (repeats > 0) line += " (and " + std::to_string(repeats) + " like it)";
    log_.write(level, "kafka", routing::without_secrets(std::move(line), secrets_));
  }
}

}  // namespace braid::adapters
