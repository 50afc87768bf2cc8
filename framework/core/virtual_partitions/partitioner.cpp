#include "core/virtual_partitions/partitioner.hpp"

#include "core/assert.hpp"
#include "core/virtual_partitions/composed_partitioner.hpp"
#include "core/virtual_partitions/json_field.hpp"

#include <stdexcept>

namespace braid::core {

void check_assign_arguments(std::span<const Message> messages, std::uint32_t max_partitions,
                            std::span<std::uint32_t> out) {
  BRAID_ASSERT(max_partitions >= 1, "a topic has at least one virtual partition");
  BRAID_ASSERT(out.size() >= messages.size(), "each message needs room for its index");
}

void note_partitioner_error(PartitionerReport& report, Offset offset, std::string_view subject,
                            std::string_view text) {
  constexpr std::size_t kTextMax = 256;  // what() is the user's and may quote a whole payload
  report.errors += 1;
  if (report.errors > 1) return;
  report.first_error_offset = offset;
  report.first_error_text.append(subject).append(": ").append(text);
  if (report.first_error_text.size() > kTextMax) report.first_error_text.resize(kTextMax);
}

namespace {

// The default: message key, hash.
class KeyHashPartitioner final : public VirtualPartitioner {
 public:
  PartitionerReport assign(std::span<const Message> messages, std::uint32_t max_partitions,
                           std::span<std::uint32_t> out) override {
    check_assign_arguments(messages, max_partitions, out);
    assign_by_key_hash(messages, max_partitions, out);
    return {};
  }
};

struct MessageKey {
  PartitionKey key_of(const Message& message, KeyProblem&) const {
    return message.has_key() ? PartitionKey(message.key()) : PartitionKey();
  }
  [[nodiscard]] std::string subject() const { return "message key"; }
};

struct HeaderKey {
  std::string name;
  PartitionKey key_of(const Message& message, KeyProblem& problem) const {
    const std::optional<Header> header = message.header(name);
    if (header && header->value) return *header->value;
    problem = {header ? "has no value" : "is absent"};
    return {};
  }
  [[nodiscard]] std::string subject() const { return "header '" + name + "'"; }
};

struct CallableKey {
  std::function<PartitionKey(const Message&)> callable;
  PartitionKey key_of(const Message& message, KeyProblem&) const { return callable(message); }
  [[nodiscard]] std::string subject() const { return "partitioner"; }
};

template <class KeySource>
std::unique_ptr<VirtualPartitioner> compose(KeySource source, const routing::Reducer& reducer) {
  if (reducer.kind == routing::Reducer::Kind::hash) {
    return std::make_unique<ComposedPartitioner<KeySource, HashReduce>>(std::move(source), HashReduce{});
  }
  return std::make_unique<ComposedPartitioner<KeySource, CallableReduce>>(std::move(source),
                                                                          CallableReduce{reducer.callable});
}

void check(const routing::VirtualPartitions& settings) {
  using By = routing::PartitionBy::Kind;
  const auto refuse = [](const char* why) { throw std::invalid_argument(why); };
  const routing::PartitionBy& by = settings.by;
  if (by.kind == By::callable && !by.callable) refuse("virtual partitions by a callable: there is none");
  if (by.kind == By::header && by.name.empty()) refuse("virtual partitions by a header: it has no name");
  if (by.kind == By::json_field && by.name.empty()) refuse("virtual partitions by a field: it has no name");
  if (settings.reducer.kind == routing::Reducer::Kind::callable && !settings.reducer.callable) {
    refuse("virtual partitions with a callable as reducer: there is none");
  }
}

}  // namespace

std::unique_ptr<VirtualPartitioner> make_virtual_partitioner(const routing::VirtualPartitions& settings) {
  using By = routing::PartitionBy::Kind;
  check(settings);
  switch (settings.by.kind) {
    case By::message_key:
      if (settings.reducer.kind == routing::Reducer::Kind::hash) return std::make_unique<KeyHashPartitioner>();
      return compose(MessageKey{}, settings.reducer);
    case By::header:
      return compose(HeaderKey{settings.by.name}, settings.reducer);
    case By::json_field:
      return compose(JsonFieldKey(settings.by.name), settings.reducer);
    case By::callable:
      return compose(CallableKey{settings.by.callable}, settings.reducer);
    case By::round_robin:
    case By::partition:
      break;
  }
  throw std::invalid_argument("virtual partitions by a kind that is not known");
}

}  // namespace braid::core
