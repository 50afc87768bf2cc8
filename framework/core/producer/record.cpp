#include "core/producer/traceparent.hpp"

#include <braid/record.hpp>

#include <algorithm>

namespace braid {

namespace {

std::optional<std::string> owned(const std::optional<std::string_view>& bytes) {
  return bytes ? std::optional<std::string>(*bytes) : std::nullopt;
}

std::optional<std::string_view> view_of(const std::optional<std::string>& bytes) {
  return bytes ? std::optional<std::string_view>(*bytes) : std::nullopt;
}

bool has_header(const Record& record, std::string_view name) {
  return std::ranges::find(record.headers, name, &Header::name) != record.headers.end();
}

}  // namespace

OwnedRecord::OwnedRecord(const Record& record)
    : topic(record.topic),
      key(owned(record.key)),
      payload(owned(record.payload)),
      partition(record.partition),
      timestamp(record.timestamp),
      label(record.label) {
  headers.reserve(record.headers.size());
  for (const Header& header : record.headers) headers.emplace_back(header.name, owned(header.value));
}

Record OwnedRecord::view() const {
  Record record{.topic = topic,
                .key = view_of(key),
                .payload = view_of(payload),
                .partition = partition,
                .headers = {},
                .timestamp = timestamp,
                .label = label};
  record.headers.reserve(headers.size());
  for (const auto& [name, value] : headers) record.headers.push_back({name, view_of(value)});
  return record;
}

std::size_t OwnedRecord::size() const {
  std::size_t bytes = (key ? key->size() : 0) + (payload ? payload->size() : 0);
  for (const auto& [name, value] : headers) bytes += name.size() + (value ? value->size() : 0);
  return bytes;
}

std::optional<Header> RecordDraft::header(std::string_view name) const {
  const auto found = std::find_if(record_.headers.rbegin(), record_.headers.rend(),
                                  [&](const Header& header) { return header.name == name; });
  return found != record_.headers.rend() ? std::optional<Header>(*found) : std::nullopt;
}

void RecordDraft::add_header(std::string name, std::optional<std::string> value) {
  record_.headers.push_back({keep(std::move(name)), keep(std::move(value))});
}

void RecordDraft::remove_header(std::string_view name) {
  std::erase_if(record_.headers, [&](const Header& header) { return header.name == name; });
}

std::string_view RecordDraft::keep(std::string bytes) {
  return *kept_.emplace_back(std::make_unique<std::string>(std::move(bytes)));
}

std::optional<std::string_view> RecordDraft::keep(std::optional<std::string> bytes) {
  if (!bytes) return std::nullopt;
  return keep(std::move(*bytes));
}

void carry_trace(const Message& from, Record& to) {
  if (has_header(to, core::kTraceparent)) return;
  const auto parent = from.header(core::kTraceparent);
  if (!parent || !parent->value || !core::parse_traceparent(*parent->value)) return;
  to.headers.push_back({core::kTraceparent, parent->value});
  if (has_header(to, core::kTracestate)) return;
  if (const auto state = from.header(core::kTracestate); state && state->value) {
    to.headers.push_back({core::kTracestate, state->value});
  }
}

}  // namespace braid
