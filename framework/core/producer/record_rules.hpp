#pragma once

#include <braid/record.hpp>
#include <braid/result.hpp>

#include <cstddef>
#include <optional>
#include <span>

namespace braid::core {

// What is known to be wrong with a record before it is sent; of kind invalid_record or message_too_large. None:
// nothing is.
[[nodiscard]] std::optional<Error> check_record(const Record& record, std::size_t max_payload_size);

// The same for all of several: says of the first wrong one which it is, by its index, and that none was sent.
[[nodiscard]] std::optional<Error> check_records(std::span<const Record> records, std::size_t max_payload_size);

}  // namespace braid::core
