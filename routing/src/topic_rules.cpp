#include "topic_rules.hpp"

#include "filter_rules.hpp"
#include "limits.hpp"
#include "names.hpp"
#include "recovery_rules.hpp"
#include "text.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

namespace braid::routing {

namespace {

using By = PartitionBy::Kind;
using When = Commit::When;

std::string text_of(std::uint32_t value) {
  return std::to_string(value);
}
std::string text_of(std::chrono::milliseconds value) {
  return to_text(value);
}
std::string text_of(std::size_t value) {
  return size_text(value);
}

template <class Value>
bool inside(Value value, Range<Value> range) {
  return value >= range.least && value <= range.most;
}

// Collects. Thread: the caller's.
class TopicRules {
 public:
  explicit TopicRules(const Topic& topic) : topic_(topic) {}

  std::vector<Breach> run() {
    batches();
    virtual_partitions();
    filters();
    bounds();
    commits();
    transactions();
    hooks();
    payloads();
    return std::move(breaches_);
  }

 private:
  void add(std::string_view option, std::string message) {
    breaches_.push_back({.option = std::string(option), .message = std::move(message)});
  }
  void refuse_if(bool wrong, std::string_view option, std::string message) {
    if (wrong) add(option, std::move(message));
  }

  // `option` is where it is set, `name` what it is called.
  template <class Value>
  void range(std::string_view option, std::string_view name, Value value, Range<Value> range) {
    if (value < range.least) add(option, too_small(name, text_of(range.least), text_of(value)));
    if (value > range.most) add(option, too_large(name, text_of(range.most), text_of(value)));
  }
  template <class Value>
  void range(std::string_view option, Value value, Range<Value> allowed) {
    range(option, option, value, allowed);
  }
  template <class Value>
  void range(std::string_view option, const std::optional<Value>& value, Range<Value> allowed) {
    if (value) range(option, *value, allowed);
  }

  void batches() {
    range("max_messages", topic_.max_messages, kMaxMessages);
    if (topic_.initial_offset == InitialOffset::by_duration) {
      range("initial_offset", "initial_offset: by_duration", topic_.initial_age, kInitialAge);
    }
    range("max_wait", topic_.max_wait, kMaxWait);
  }

  void virtual_partitions() {
    const VirtualPartitions& settings = topic_.virtual_partitions;
    const PartitionBy& by = settings.by;
    constexpr std::string_view kBy = "virtual_partitions.by";
    refuse_if(by.kind == By::header && by.name.empty(), kBy, "the header to partition by must have a name");
    refuse_if(by.kind == By::json_field && by.name.empty(), kBy, "the JSON field to partition by must have a name");
    refuse_if(by.kind == By::callable && !by.callable, kBy, "the function to partition by is missing");
    refuse_if(topic_.order && partition_by_of(*topic_.order) != by.kind, "order",
              "order and virtual_partitions.by both say how messages are told apart; leave one of them out");
    if (settings.max_partitions) {
      range("virtual_partitions.max_partitions", "max_partitions", *settings.max_partitions, kMaxPartitions);
    }
    reducer(settings);
    const bool keyless = by.kind == By::round_robin || by.kind == By::partition;
    refuse_if(keyless && settings.null_keys == NullKeys::together, "virtual_partitions.null_keys",
              "null_keys: together needs a by that looks at keys; leave null_keys out");
  }

  void reducer(const VirtualPartitions& settings) {
    constexpr std::string_view kReducer = "virtual_partitions.reducer";
    const Reducer::Kind kind = settings.reducer.kind;
    const bool callable = kind == Reducer::Kind::callable;
    refuse_if(callable && !settings.reducer.callable, kReducer, "the reducer's function is missing");
    refuse_if(kind == Reducer::Kind::balanced && topic_.flow == Flow::continuous, kReducer,
              "reducer balanced needs flow: batch, whose barrier keeps the order across batches; use sticky");
    refuse_if(settings.by.kind == By::partition && kind != Reducer::Kind::hash, kReducer,
              "by: partition uses one virtual partition, so there is nothing to reduce; leave the reducer out");
    refuse_if(settings.by.kind == By::round_robin && callable, kReducer,
              "by: round_robin has no keys for the reducer's function; leave it out, or use sticky or balanced");
  }

  void filters() {
    for (Breach& breach : filter_breaches(topic_)) breaches_.push_back(std::move(breach));
  }

  void bounds() {
    range("max_queued", topic_.max_queued, kMaxQueued);
    range("max_open_offsets", topic_.max_open_offsets, kMaxOpenOffsets);
    range("max_window", topic_.max_window, kMaxWindow);
    range("max_bytes", topic_.max_bytes, kMaxBytes);
    range("hold_copy_after", topic_.hold_copy_after, kHoldCopyAfter);
    range("max_concurrency", topic_.max_concurrency, kMaxConcurrency);
    range("max_in_flight", topic_.max_in_flight, kMaxInFlight);
    // What is out of its own range has been said.
    if (!inside(topic_.max_open_offsets, kMaxOpenOffsets)) return;
    if (inside(topic_.max_window, kMaxWindow) && topic_.max_window < topic_.max_open_offsets) {
      add("max_window", "max_window must be at least max_open_offsets (" + text_of(topic_.max_open_offsets) +
                            "), or these could never be open, is " + text_of(topic_.max_window));
    }
    if (topic_.flow == Flow::batch && inside(topic_.max_messages, kMaxMessages) &&
        topic_.max_open_offsets < 2 * topic_.max_messages) {
      const bool open_set = topic_.option_locations.contains("max_open_offsets");
      add(open_set ? "max_open_offsets" : "max_messages",
          "max_open_offsets must be at least twice max_messages (" + text_of(topic_.max_messages) +
              "), since a batch gathers while another one runs, is " + text_of(topic_.max_open_offsets));
    }
  }

  void commits() {
    const Commit& commit = topic_.commit;
    const bool manual = topic_.offsets == Offsets::manual;
    constexpr std::string_view kWhen = "commit.when";
    refuse_if(commit.when == When::each_message && topic_.flow != Flow::continuous, kWhen,
              "commit: each_message needs flow: continuous; with flow: batch use after_batch");
    refuse_if(commit.when == When::before_processing && topic_.flow != Flow::batch, kWhen,
              "commit: before_processing needs flow: batch, whose batches run once their end is committed");
    refuse_if(commit.when == When::before_processing && manual, kWhen,
              "commit: before_processing needs offsets: automatic, since what runs is committed already");
    const std::string when(name_of(kCommitNames, commit.when));
    const bool follows_work = commit.when == When::after_batch || commit.when == When::each_message;
    refuse_if(commit.sync && !follows_work, "commit.sync",
              "commit: sync is for after_batch and each_message, which something follows; with " + when +
                  " leave it out");
    refuse_if(commit.sync && commit.when == When::each_message && manual, "commit.sync",
              "commit: each_message with sync needs offsets: automatic, since a message that is not marked would "
              "be waited for in vain");
    const bool external = commit.when == When::external;
    refuse_if(external && !topic_.offset_store, kWhen, "commit: external needs an offset store");
    refuse_if(!external && topic_.offset_store, "offset_store",
              "the offset store is not used: positions are kept there under commit: external alone");
    if (!commit.interval) return;
    refuse_if(commit.when != When::interval && !external, "commit.interval",
              "commit: an interval is for when: interval alone; with " + when + " leave it out");
    range("commit.interval", "commit: interval", *commit.interval, kCommitInterval);
  }

  void transactions() {
    range("transaction_batches", topic_.transaction_batches, kTransactionBatches);
    range("transaction_interval", topic_.transaction_interval, kTransactionInterval);
    if (topic_.delivery != Delivery::exactly_once) {
      constexpr std::string_view kUnused = " is for delivery: exactly_once alone; say that too, or leave it out";
      refuse_if(topic_.transaction_batches.has_value(), "transaction_batches",
                "transaction_batches" + std::string(kUnused));
      refuse_if(topic_.transaction_interval.has_value(), "transaction_interval",
                "transaction_interval" + std::string(kUnused));
      return;
    }
    constexpr std::string_view kWhere = "delivery";
    refuse_if(
        topic_.flow != Flow::batch, kWhere,
        "delivery: exactly_once needs flow: batch: a transaction ends where all that it holds is done, and in "
        "flow: continuous there is never such a moment");
    refuse_if(topic_.offsets != Offsets::automatic, kWhere,
              "delivery: exactly_once needs offsets: automatic, since its positions go with whole batches");
    refuse_if(topic_.commit.when != When::interval || topic_.commit.interval, kWhere,
              "delivery: exactly_once commits with its transactions; leave commit out, and use transaction_batches "
              "or transaction_interval");
    refuse_if(topic_.on_exhausted == OnExhausted::park, "on_exhausted",
              "delivery: exactly_once can't park messages, whose positions would stay behind those of their "
              "transaction; use dead_letter or skip");
  }

  void hooks() {
    range("tick_every", topic_.tick_every, kTickEvery);
    range("ticket_timeout", topic_.ticket_timeout, kTicketTimeout);
    range("max_processing_time", topic_.max_processing_time, kMaxProcessingTime);
    range("stalled_after", topic_.stalled_after, kStalledAfter);
    refuse_if(topic_.on_ticket_timeout == OnTicketTimeout::retry && !topic_.ticket_timeout, "on_ticket_timeout",
              "on_ticket_timeout: retry needs a ticket_timeout, since without one no ticket is ever overdue");
  }

  void payloads() {
    const Deserializer& deserializer = topic_.deserializer;
    if (topic_.taken_value) {
      const std::string what = misfit(deserializer, *topic_.taken_value);
      refuse_if(!what.empty(), "deserializer", what);
    } else {
      refuse_if(deserializer.type != nullptr && !deserializer.decoder, "deserializer",
                "the deserializer's function is missing");
    }
  }

  const Topic& topic_;
  std::vector<Breach> breaches_;
};

}  // namespace

std::vector<Breach> breaches(const Topic& topic) {
  std::vector<Breach> all = TopicRules(topic).run();
  std::vector<Breach> of_recovery = recovery_breaches(topic);
  std::move(of_recovery.begin(), of_recovery.end(), std::back_inserter(all));
  return all;
}

}  // namespace braid::routing
