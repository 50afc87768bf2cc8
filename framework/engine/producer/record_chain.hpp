#pragma once

#include "engine/ports/log.hpp"

#include <braid/record.hpp>
#include <braid/result.hpp>

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace braid::engine {

// What every record passes before it is sent: middleware, what a record must be, interceptors. Thread: any.
class RecordChain {
 public:
  struct Rules {
    std::size_t max_payload_size = 1'000'000;
    std::vector<Middleware> middleware{};
    std::vector<std::shared_ptr<ProducerInterceptor>> interceptors{};
  };
  RecordChain(std::shared_ptr<Log> log, Rules rules) : log_(std::move(log)), rules_(std::move(rules)) {}

  // A record as it goes out. Lives as long as the record that it was made of.
  class Prepared {
   public:
    [[nodiscard]] const Record& record() const { return draft_ ? draft_->record() : *given_; }

   private:
    friend class RecordChain;
    const Record* given_ = nullptr;
    std::optional<RecordDraft> draft_;  // only where something may change it
  };
  [[nodiscard]] Result<void> prepare(const Record& record, Prepared& prepared) const;
  // All or none. The error names the first wrong one.
  [[nodiscard]] Result<void> prepare(std::span<const Record> records, std::deque<Prepared>& prepared) const;

  // There is nothing that could change a record.
  [[nodiscard]] bool empty() const { return rules_.middleware.empty() && rules_.interceptors.empty(); }
  // Middleware and interceptors alone. An error: middleware has refused the record, or thrown.
  [[nodiscard]] Result<void> pass(RecordDraft& draft) const;

 private:
  const std::shared_ptr<Log> log_;
  const Rules rules_;
};

// The same error with more to say.
[[nodiscard]] inline Error reworded(const Error& error, std::string text) {
  return {error.kind(), std::move(text), error.retriable(), error.fatal()};
}

}  // namespace braid::engine
