#include "engine/transactions/outgoing_record.hpp"

#include <string_view>

namespace braid::engine {

namespace {

std::optional<std::string> owned(const std::optional<std::string_view>& bytes) {
  return bytes ? std::optional<std::string>(*bytes) : std::nullopt;
}
std::optional<std::string_view> view(const std::optional<std::string>& bytes) {
  return bytes ? std::optional<std::string_view>(*bytes) : std::nullopt;
}

}  // namespace

OutgoingRecord OutgoingRecord::copy_of(const Record& record) {
  OutgoingRecord copy{.topic = std::string(record.topic),
                      .partition = record.partition,
                      .key = owned(record.key),
                      .payload = owned(record.payload),
                      .headers = {}};
  for (const Header& header : record.headers) copy.headers.emplace_back(header.name, owned(header.value));
  return copy;
}

OutgoingRecord OutgoingRecord::copy_of(const DeadLetter& letter, PartitionNumber original) {
  return {.topic = letter.topic,
          .partition = original,
          .partition_wraps = true,
          .key = letter.key,
          .payload = letter.payload,
          .headers = letter.headers};
}

RecordView::RecordView(const OutgoingRecord& record) {
  for (const auto& [name, value] : record.headers) headers_.push_back({name, view(value)});
  message_ = {.topic = record.topic,
              .partition = record.partition,
              .partition_wraps = record.partition_wraps,
              .key = view(record.key),
              .payload = view(record.payload),
              .headers = headers_};
}

}  // namespace braid::engine
