#include "engine/producer/record_chain.hpp"

#include "core/producer/record_rules.hpp"
#include "engine/worker/describe_failure.hpp"

#include <fmt/format.h>

#include <exception>

namespace braid::engine {

Result<void> RecordChain::prepare(const Record& record, Prepared& prepared) const {
  prepared.given_ = &record;
  if (!empty()) {
    prepared.draft_.emplace(record);
    if (auto passed = pass(*prepared.draft_); !passed) return passed;
  }
  if (const auto wrong = core::check_record(prepared.record(), rules_.max_payload_size)) return *wrong;
  return {};
}

Result<void> RecordChain::prepare(std::span<const Record> records, std::deque<Prepared>& prepared) const {
  for (std::size_t i = 0; i < records.size(); ++i) {
    const auto fine = prepare(records[i], prepared.emplace_back());
    if (fine) continue;
    return reworded(fine.error(),
                    fmt::format("record {} of {}: {}; none was sent", i, records.size(), fine.error().text()));
  }
  return {};
}

Result<void> RecordChain::pass(RecordDraft& draft) const {
  for (const Middleware& middleware : rules_.middleware) {
    try {
      if (auto passed = middleware(draft); !passed) return passed;
    } catch (...) {
      return Error(Error::Kind::refused,
                   fmt::format("the producer's middleware threw {}", describe_failure(std::current_exception())));
    }
  }
  for (const auto& interceptor : rules_.interceptors) {
    try {
      interceptor->on_produce(draft);
    } catch (...) {
      log_->write(LogLevel::error, "producer",
                  fmt::format("an interceptor threw {}", describe_failure(std::current_exception())));
    }
  }
  return {};
}

}  // namespace braid::engine
