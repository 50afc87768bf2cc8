#pragma once

#include "engine/ports/log.hpp"

#include <braid/record.hpp>
#include <braid/result.hpp>

#include <memory>
#include <vector>

namespace braid::engine {

// What records pass before they are sent: middleware, then interceptors. Thread: any, several at a time.
class RecordChain {
 public:
  RecordChain(std::vector<Middleware> middleware, std::vector<std::shared_ptr<ProducerInterceptor>> interceptors,
              std::shared_ptr<Log> log);

  // There is nothing that could change a record.
  [[nodiscard]] bool empty() const { return middleware_.empty() && interceptors_.empty(); }
  // An error: middleware has refused the record, or thrown.
  [[nodiscard]] Result<void> pass(RecordDraft& draft) const;

 private:
  const std::vector<Middleware> middleware_;
  const std::vector<std::shared_ptr<ProducerInterceptor>> interceptors_;
  const std::shared_ptr<Log> log_;
};

}  // namespace braid::engine
