#include "engine/producer/record_chain.hpp"

#include "engine/worker/describe_failure.hpp"

#include <fmt/format.h>

#include <exception>
#include <utility>

namespace braid::engine {

RecordChain::RecordChain(std::vector<Middleware> middleware,
                         std::vector<std::shared_ptr<ProducerInterceptor>> interceptors, std::shared_ptr<Log> log)
    : middleware_(std::move(middleware)), interceptors_(std::move(interceptors)), log_(std::move(log)) {}

Result<void> RecordChain::pass(RecordDraft& draft) const {
  for (const Middleware& middleware : middleware_) {
    try {
      if (auto passed = middleware(draft); !passed) return passed;
    } catch (...) {
      return Error(Error::Kind::refused,
                   fmt::format("the producer's middleware threw {}", describe_failure(std::current_exception())));
    }
  }
  for (const auto& interceptor : interceptors_) {
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
