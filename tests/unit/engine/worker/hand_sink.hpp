#pragma once

#include "engine/ports/record_sink.hpp"

#include <braid/record.hpp>

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace braid::test_support {

// Takes what consumers produce, and answers when the test says so. Thread: one.
class HandSink final : public engine::RecordSink {
 public:
  Result<void> send(const Record& record, OnDelivery on_delivery) override {
    if (refuses) return *refuses;
    sent.emplace_back(record);
    if (!on_delivery) return {};
    if (at_once) {
      on_delivery(Delivery{.partition = {0}, .offset = Offset{0}, .error = {}, .label = {}});
    } else {
      waiting.push_back(std::move(on_delivery));
    }
    return {};
  }
  // The oldest one's report, or that of the one so many behind it.
  void deliver(std::size_t index = 0) { report(index, std::nullopt); }
  void fail(std::string why, std::size_t index = 0) {
    report(index, Error(Error::Kind::timed_out, std::move(why), true));
  }

  std::optional<Error> refuses;
  bool at_once = false;
  std::vector<OwnedRecord> sent;
  std::deque<OnDelivery> waiting;

 private:
  void report(std::size_t index, std::optional<Error> error) {
    const OnDelivery tell = std::move(waiting.at(index));
    waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(index));
    tell(Delivery{.partition = {0}, .offset = Offset{0}, .error = std::move(error), .label = {}});
  }
};

}  // namespace braid::test_support
