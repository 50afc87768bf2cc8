#pragma once

#include <braid/record.hpp>
#include <braid/result.hpp>

#include <cstddef>
#include <optional>

namespace braid::core {

// What is known to be wrong with a record before it is sent; of kind invalid_record or message_too_large. None:
// nothing is.
[[nodiscard]] std::optional<Error> check_record(const Record& record, std::size_t max_payload_size);
// The same of all its bytes, of which Kafka's message.max.bytes lets so many pass at most.
[[nodiscard]] std::optional<Error> check_record_size(const Record& record, std::size_t max_record_size);

}  // namespace braid::core
