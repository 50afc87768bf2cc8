#include "apps/braid/src/replay.hpp"

#include "apps/braid/src/replay_state.hpp"

#include <braid/application.hpp>
#include <braid/consumer.hpp>
#include <braid/producer.hpp>
#include <braid/routing/draw.hpp>

#include <algorithm>
#include <memory>
#include <ostream>
#include <stdexcept>
#include <thread>

namespace braid::app {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kQueuePause = 2ms;
constexpr auto kDeliveryTimeout = 30s;

// Deliveries of one batch. Shared with the producer's callbacks, which may outlast the wait. Thread: any.
class Deliveries {
 public:
  void sent() {
    const std::lock_guard lock(mutex_);
    done_.push_back(false);
  }
  void unsent() {
    const std::lock_guard lock(mutex_);
    done_.pop_back();
  }
  void handle(std::size_t index, const Delivery& delivery) {
    const std::lock_guard lock(mutex_);
    if (delivery.ok()) {
      done_[index] = true;
    } else if (failure_.empty()) {
      failure_ = delivery.error->text();
    }
    ++reported_;
    changed_.notify_all();
  }
  // False: not all were reported by then.
  bool wait(Clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, deadline, [this] { return reported_ == done_.size(); });
  }
  // Those that were acknowledged before the first one that was not.
  [[nodiscard]] std::size_t acknowledged() const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::find(done_.begin(), done_.end(), false) - done_.begin());
  }
  [[nodiscard]] std::string failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<bool> done_;
  std::size_t reported_ = 0;
  std::string failure_;
};

// Each fate is a virtual partition of its own. Under manual offsets a mark covers messages of its virtual partition
// alone, so that what is left stays open whatever is replayed beside it.
class Replayer final : public Consumer {
 public:
  Replayer(const ReplayOptions& options, ReplayState& state, Producer* producer)
      : options_(options), state_(state), producer_(producer) {}

 protected:
  void consume(Batch& batch) override {
    if (batch.virtual_partition().index().value == static_cast<std::uint32_t>(Fate::left)) return leave(batch);
    std::vector<std::pair<Letter, Replay>> going;
    for (const Message& message : batch) {
      if (!state_.take()) break;
      Letter letter = letter_of(message);
      const auto origin = origin_of(letter);
      if (!origin) break;  // without one it would be left
      Replay replay = replay_of(letter, *origin, options_.rules.destination);
      going.emplace_back(std::move(letter), std::move(replay));
    }
    const std::size_t done = options_.dry_run ? going.size() : send(going);
    for (std::size_t i = 0; i < done; ++i) state_.replayed(going[i].first, going[i].second);
    if (done > 0) batch.mark(batch[done - 1]);
  }

  void on_end_of_partition(const VirtualPartition& where) override { state_.at_end(where.partition()); }

 private:
  void leave(Batch& batch) {
    const Message* last = nullptr;
    for (const Message& message : batch) {
      const Letter letter = letter_of(message);
      if (!state_.meant(letter)) break;
      state_.left(letter);
      last = &message;
    }
    if (options_.pass_left && last != nullptr) batch.mark(*last);
  }

  // How many of them were acknowledged, from the first on.
  std::size_t send(const std::vector<std::pair<Letter, Replay>>& going) {
    const auto deliveries = std::make_shared<Deliveries>();
    const auto deadline = Clock::now() + kDeliveryTimeout + 5s;
    for (std::size_t i = 0; i < going.size(); ++i) {
      if (!send_one(going[i].second, i, deliveries, deadline)) break;
    }
    if (!deliveries->wait(deadline)) state_.fail("replays were not acknowledged in time; is the cluster healthy?");
    if (const std::string why = deliveries->failure(); !why.empty()) {
      state_.fail("a replay could not be sent: " + why);
    }
    return deliveries->acknowledged();
  }

  bool send_one(const Replay& replay, std::size_t index, const std::shared_ptr<Deliveries>& deliveries,
                Clock::time_point deadline) {
    Record record{.topic = replay.topic,
                  .key = replay.key,
                  .payload = replay.payload,
                  .partition = replay.partition,
                  .headers = {}};
    for (const auto& [name, value] : replay.headers) {
      record.headers.push_back(
          {.name = name, .value = value ? std::optional<std::string_view>(*value) : std::nullopt});
    }
    for (;;) {
      deliveries->sent();
      const auto sent = producer_->produce(
          record, [deliveries, index](const Delivery& delivery) { deliveries->handle(index, delivery); });
      if (sent) return true;
      deliveries->unsent();
      if (sent.error().kind() != Error::Kind::queue_full || Clock::now() >= deadline) {
        state_.fail("a replay could not be sent: " + sent.error().text());
        return false;
      }
      std::this_thread::sleep_for(kQueuePause);
    }
  }

  const ReplayOptions& options_;
  ReplayState& state_;
  Producer* const producer_;  // none in a dry run
};

routing::Routes routes_of(const ReplayOptions& options, ReplayState& state, Producer* producer) {
  return routing::draw([&](routing::RoutesBuilder& r) {
    r.consumer_group(options.group)
        .topic(options.topic)
        .consumer("replay",
                  [&options, &state, producer] { return std::make_unique<Replayer>(options, state, producer); })
        .max_messages(500)
        .virtual_partitions({.by = partition_by([&state](const Message& message) -> PartitionKey {
                               return static_cast<std::uint64_t>(state.fate_of(letter_of(message)));
                             }),
                             .max_partitions = 2,
                             .reducer = reduce_by([](const PartitionKey& fate, std::uint32_t) {
                               return static_cast<std::uint32_t>(fate.number());
                             })})
        .offsets(Offsets::manual)
        .commit(options.dry_run ? Commit{.when = Commit::When::manual} : Commit{.interval = 500ms})
        .initial_offset(InitialOffset::earliest)
        .max_open_offsets(10'000'000)
        .max_window(1u << 26)
        .end_of_partition();
  });
}

ProducerSettings producer_settings(const ReplayOptions& options) {
  ProducerSettings settings{.kafka = options.kafka, .client_id = "braid-replay", .log_level = LogLevel::error};
  settings.kafka.insert_or_assign("bootstrap.servers", options.bootstrap);
  // emplace: what the user sets stays.
  settings.kafka.emplace("message.timeout.ms", std::to_string(std::chrono::milliseconds(kDeliveryTimeout).count()));
  settings.kafka.emplace("topic.metadata.propagation.max.ms", "5000");
  settings.close_timeout = 2s;
  return settings;
}

std::vector<PartitionPositions> positions_of(const ReplayOptions& options) {
  TopicPositionsQuery query{.kafka = options.kafka,
                            .topic = options.topic,
                            .group = options.group,
                            .timeout = std::min<std::chrono::milliseconds>(options.timeout, 10s)};
  query.kafka.insert_or_assign("bootstrap.servers", options.bootstrap);
  auto positions = topic_positions(query);
  if (positions) return std::move(positions).value();
  const Error& error = positions.error();
  if (error.kind() == Error::Kind::invalid_setting) throw std::invalid_argument(error.text());
  throw std::runtime_error(error.text());
}

}  // namespace

ReplayOutcome replay(const ReplayOptions& options, std::ostream& out, std::ostream& err) {
  const std::vector<PartitionPositions> positions = positions_of(options);
  ReplayState state(options, positions, out, err);
  if (ReplayProgress(positions).complete(0) || options.limit == 0) {
    ReplayOutcome nothing;
    nothing.complete = true;
    return nothing;
  }
  std::unique_ptr<Producer> producer;
  if (!options.dry_run) producer = std::make_unique<Producer>(producer_settings(options));

  Settings settings{.kafka = options.kafka,
                    .client_id = "braid-replay",
                    .shutdown_timeout = 40s,  // a batch's deliveries end before
                    .log_level = LogLevel::error,
                    .handle_signals = options.handle_signals};
  settings.kafka.insert_or_assign("bootstrap.servers", options.bootstrap);
  Application application(settings, routes_of(options, state, producer.get()));
  std::jthread watcher([&] {
    state.wait([&application] {
      const Figures figures = application.figures();
      // Behind a rebalance they may be counted twice.
      return figures.revocations > 0 ? 0 : figures.messages_done_before;
    });
    application.request_stop();
  });
  StopReport report;
  try {
    report = application.run();
  } catch (...) {
    state.end();
    throw;
  }
  state.end();
  watcher.join();
  ReplayOutcome outcome = state.outcome();
  if (!outcome.complete && outcome.failure.empty()) outcome.interrupted = true;
  if (!report.in_time && outcome.failure.empty()) {
    outcome.failure = "it did not end in time, so that some replays may be sent again by the next run";
  }
  return outcome;
}

}  // namespace braid::app
