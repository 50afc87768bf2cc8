#include "apps/clickstream/src/streaming/demo.hpp"

#include "apps/clickstream/src/csv_reader.hpp"
#include "apps/clickstream/src/format.hpp"
#include "apps/clickstream/src/progress.hpp"
#include "apps/clickstream/src/streaming/capacity_gate.hpp"
#include "apps/clickstream/src/streaming/clients.hpp"
#include "apps/clickstream/src/streaming/ingest.hpp"
#include "apps/clickstream/src/streaming/session_totals.hpp"
#include "apps/clickstream/src/streaming/totals_board.hpp"

#include <braid/braid.hpp>
#include <braid/testing/embedded_cluster.hpp>

#ifdef CLICKSTREAM_OPS
#include <braid/ops_server.hpp>
#endif
#ifdef CLICKSTREAM_METRICS
#include <braid/prometheus_metrics.hpp>
#endif

#include <future>
#include <ostream>
#include <random>
#include <stdexcept>
#include <utility>

namespace clickstream {
namespace {

using namespace std::chrono_literals;
using braid::testing::EmbeddedCluster;
using Clock = TotalsBoard::Clock;

constexpr int brokers = 3;
constexpr int partitions = 5;
constexpr auto look_each = 20ms;

std::string random_name() {
  constexpr const char* digits = "0123456789abcdef";
  std::random_device device;
  std::string name;
  for (int i = 0; i < 12; ++i) name += digits[device() % 16];
  return name;
}

/// A plain single-threaded reading, to compare with.
struct PlainReading {
  Totals totals;
  MalformedLines malformed;
  bool whole = true;  // Not interrupted.
};

PlainReading read_plainly(const DemoOptions& options) {
  PlainReading reading;
  CsvReader reader(options.csv);
  for (std::uint64_t events = 0; events < options.events_max; ++events) {
    if (events % 1024 == 0 && options.interrupted()) {
      reading.whole = false;
      break;
    }
    const Event* const event = reader.next();
    if (event == nullptr) break;
    reading.totals.add(*event);
  }
  reading.malformed = reader.malformed();
  return reading;
}

/// One run. Its members are in the order in which they depend on each other, so that whatever is thrown, they go in
/// the right one: the cluster last.
class Demo {
 public:
  Demo(const DemoOptions& options, std::ostream& out);
  ~Demo();

  DemoOutcome run();

 private:
  braid::routing::Routes load_routes();
  braid::Settings settings() const;
  void announce();
  void show();
  void watch(std::uint64_t events_expected);
  void stop();
  [[noreturn]] void fail_stalled(std::uint64_t events_expected) const;
  Figures figures(const PlainReading& plain);
  bool ingest_ended() const { return sending_.wait_for(0s) == std::future_status::ready; }

  const DemoOptions& options_;
  std::ostream& out_;
  const Clock::time_point began_ = Clock::now();
  const bool embedded_;
  // On a cluster that others use, events of other runs may be in the topic, and group ids may have been used.
  const std::string run_;

  CsvReader reader_;
  TotalsBoard board_;
  std::string topic_;
  std::uint32_t max_partitions_ = 0;
  std::optional<CapacityGate> gate_;
  std::optional<SessionTotalsParts> parts_;
  braid::routing::Routes routes_;

  std::optional<EmbeddedCluster> cluster_;
  std::string bootstrap_;
  std::optional<braid::Producer> producer_;
  std::optional<Ingest> ingest_;
  std::optional<braid::Application> application_;
#ifdef CLICKSTREAM_METRICS
  std::optional<braid::PrometheusMetrics> metrics_;
#endif
#ifdef CLICKSTREAM_OPS
  std::optional<braid::OpsServer> ops_;
#endif
  std::future<void> sending_;
  std::future<braid::StopReport> processing_;
  braid::StopReport stop_report_;
  bool interrupted_ = false;
};

Demo::Demo(const DemoOptions& options, std::ostream& out)
    : options_(options),
      out_(out),
      embedded_(options.bootstrap.empty()),
      run_(embedded_ ? "" : random_name()),
      reader_(options.csv),
      routes_(load_routes()) {
  if (embedded_) gate_.emplace(topic_);
  parts_.emplace(SessionTotalsParts{.board = board_, .gate = gate_ ? &*gate_ : nullptr, .run = run_});
  if (embedded_) {
    cluster_.emplace(EmbeddedCluster::Options{
        .brokers = brokers, .topics = {{.name = topic_, .partitions = partitions, .replication = brokers}}});
  }
  bootstrap_ = embedded_ ? cluster_->bootstrap() : options_.bootstrap;
}

Demo::~Demo() {
  // After an exception: threads end before what they use.
  if (ingest_) ingest_->request_stop();
  if (application_) application_->request_stop();
  if (processing_.valid()) processing_.wait();
  if (sending_.valid()) sending_.wait();
}

braid::routing::Routes Demo::load_routes() {
  braid::routing::ConsumerRegistry registry;
  registry.add("SessionTotals", [this] { return std::make_unique<SessionTotals>(*parts_); });
  braid::routing::Routes routes = braid::routing::load_file(options_.routes_file, registry).value();

  braid::routing::ConsumerGroup& group = routes.consumer_groups.at(0);
  braid::routing::Topic& topic = group.subscription_groups.at(0).topics.at(0);
  if (!options_.topic.empty()) topic.name = options_.topic;
  if (!run_.empty()) group.id += "-" + run_;
  topic_ = topic.name;
  if (!topic.virtual_partitions.max_partitions) topic.virtual_partitions.max_partitions = 64;
  max_partitions_ = *topic.virtual_partitions.max_partitions;
  return routes;
}

braid::Settings Demo::settings() const {
  braid::Settings settings{
      .kafka = options_.kafka, .client_id = "clickstream", .concurrency = options_.concurrency};
  settings.kafka.insert_or_assign("bootstrap.servers", bootstrap_);
  // Not the default minutes, where the first event makes the topic.
  settings.kafka.emplace("topic.metadata.refresh.interval.ms", "1000");
  if (embedded_) {
    for (const auto& [name, value] : EmbeddedCluster::recommended_consumer_settings()) {
      settings.kafka.emplace(name, value);
    }
    // Its brokers can't be told not to make topics, which is otherwise warned about; ours is there.
    settings.kafka.emplace("allow.auto.create.topics", "true");
    // The gate frees what is processed; the committed positions follow closely, so that nothing between them has
    // vanished should it be read again.
    settings.commit_interval = 100ms;
  }
  settings.log_level = options_.verbose ? braid::LogLevel::debug : braid::LogLevel::warning;
  return settings;
}

void Demo::announce() {
  if (embedded_) {
    out_ << "Embedded cluster: " << brokers << " brokers at " << bootstrap_ << "\nTopic " << topic_ << ": "
         << partitions << " partitions, " << brokers << " replicas";
  } else {
    out_ << "Kafka at " << bootstrap_ << "\nTopic " << topic_;
  }
  out_ << "; each partition in up to " << max_partitions_ << " virtual partitions by user, " << options_.concurrency
       << " running at once\n";
  if (embedded_) out_ << "The group takes 3 s to form here: the embedded brokers wait for further members\n";
  out_ << '\n' << std::flush;
}

void Demo::show() {
  if (!options_.ops_port) return;
#ifdef CLICKSTREAM_OPS
  braid::OpsServer::Providers providers;
#ifdef CLICKSTREAM_METRICS
  metrics_.emplace(*application_);
  providers.metrics = [this] { return metrics_->text(); };
#endif
  ops_.emplace(*application_, braid::OpsServer::Options{.port = options_.ops_port, .token = options_.ops_token},
               std::move(providers));
  out_ << "What it does, live: http://localhost:" << ops_->port() << "/\n\n" << std::flush;
#else
  throw std::runtime_error("there is no Ops interface: this program was built without braid::ops");
#endif
}

DemoOutcome Demo::run() {
  producer_.emplace(producer_settings(bootstrap_, options_.kafka));
  announce();
  ingest_.emplace(reader_, *producer_,
                  IngestOptions{.topic = topic_,
                                .events_max = options_.events_max,
                                .rate = options_.rate,
                                .run = run_,
                                .patience = options_.stall_timeout},
                  gate_ ? &*gate_ : nullptr);
  application_.emplace(settings(), routes_);
  show();
  processing_ = std::async(std::launch::async, [this] { return application_->run(); });
  sending_ = std::async(std::launch::async, [this] { ingest_->run(); });

  // There is time for it while the group forms.
  const PlainReading plain = read_plainly(options_);
  if (plain.whole) watch(plain.totals.counts().events);
  interrupted_ = interrupted_ || !plain.whole;
  if (interrupted_) out_ << "Interrupted: finishing what is under way; once more ends it at once\n" << std::flush;
  stop();

  DemoOutcome outcome{.figures = figures(plain), .interrupted = interrupted_};
  if (!interrupted_ && !stop_report_.in_time) {
    throw std::runtime_error("the application did not stop in time; it left behind " +
                             stop_report_.left_behind.front());
  }
  return outcome;
}

// Until every event that was sent has been processed.
void Demo::watch(std::uint64_t events_expected) {
  Progress progress(out_, {"processed", "events", options_.terminal});
  std::uint64_t moved_before = 0;
  auto moved_at = Clock::now();
  Clock::time_point first{};
  while (true) {
    const bool all_sent = ingest_ended();  // Before the counts, which are final then.
    const std::uint64_t processed = board_.counted();
    const std::uint64_t delivered = ingest_->delivered();
    const auto now = Clock::now();
    if (processed > 0 && first == Clock::time_point{}) first = now;
    const double seconds = std::chrono::duration<double>(now - first).count();
    progress.update(processed, events_expected, seconds > 0.5 ? static_cast<double>(processed) / seconds : 0);

    // What was given up may have arrived all the same, so there can be more.
    if (all_sent && processed >= delivered) return;
    if (options_.interrupted()) {
      interrupted_ = true;
      return;
    }
    const std::uint64_t moved = processed + delivered + ingest_->failed();
    if (moved != moved_before) {
      moved_before = moved;
      moved_at = now;
    }
    if (now - moved_at > options_.stall_timeout) fail_stalled(events_expected);
    // The tick; it ends by itself only if something went wrong.
    if (processing_.wait_for(look_each) == std::future_status::ready) {
      processing_.get();
      throw std::runtime_error("the application stopped before all events were processed");
    }
  }
}

void Demo::stop() {
  ingest_->request_stop();
  application_->request_stop();
  stop_report_ = processing_.get();
  sending_.get();
}

void Demo::fail_stalled(std::uint64_t events_expected) const {
  const braid::Figures figures = application_->figures();
  const auto number = [](std::uint64_t value) { return with_thousands(value); };
  std::string text = "nothing has moved for " + std::to_string(options_.stall_timeout.count() / 1000) + " s: of " +
                     number(events_expected) + " events, " + number(ingest_->delivered()) + " were sent and " +
                     number(board_.counted()) + " processed; partitions assigned " + number(figures.assignments) +
                     ", taken away " + number(figures.revocations) + ", messages taken " +
                     number(figures.messages_taken) + ", attempts failed " + number(figures.attempts_failed);
  if (figures.assignments == 0) text += "; the consumer group never formed: does the topic " + topic_ + " exist?";
  throw std::runtime_error(text);
}

Figures Demo::figures(const PlainReading& plain) {
  TotalsBoard::Sum sum = board_.sum(max_partitions_);
  const braid::Figures counted = application_->figures();
  if (options_.verbose) {
    out_ << "framework: taken " << counted.messages_taken << ", done " << counted.messages_done << ", stale "
         << counted.messages_stale << ", jumps " << counted.offset_jumps << ", batches " << counted.batches
         << ", failed attempts " << counted.attempts_failed << ", commits " << counted.commits << " and "
         << counted.commits_failed << " failed, assigned " << counted.assignments << ", revoked "
         << counted.revocations << '\n';
  }
  Figures figures;
  figures.source = options_.source.empty() ? options_.csv.string() : options_.source;
  figures.malformed = reader_.malformed();
  if (sum.first) figures.elapsed = sum.last - *sum.first;
  figures.load = LoadFigures{.events_by_virtual_partition = std::move(sum.events_by_virtual_partition),
                             .running_peak = counted.jobs_running_max,
                             .concurrency = options_.concurrency};
  figures.run = RunFigures{.whole = Clock::now() - began_,
                           .until_first = sum.first ? *sum.first - began_ : Clock::duration{},
                           .repeated = sum.repeated,
                           .foreign = sum.foreign,
                           .attempts_failed = counted.attempts_failed};
  if (!interrupted_) {
    VerificationFigures verification{.events = plain.totals.counts().events,
                                     .differences = differences(sum.totals, plain.totals)};
    if (ingest_->failed() > 0) {
      verification.differences.push_back(with_thousands(ingest_->failed()) +
                                         " events could not be sent, the first: " + ingest_->first_failure());
    }
    if (sum.malformed > 0) {
      verification.differences.push_back(with_thousands(sum.malformed) +
                                         " messages were not events when they arrived");
    }
    if (plain.malformed.count() != figures.malformed.count()) {
      verification.differences.push_back("the file changed meanwhile: its malformed lines are not the same");
    }
    figures.verification = std::move(verification);
  }
  figures.totals = std::move(sum.totals);
  return figures;
}

}  // namespace

DemoOutcome run_demo(const DemoOptions& options, std::ostream& out) {
  return Demo(options, out).run();
}

std::filesystem::path default_routes_file() {
  return std::filesystem::path(CLICKSTREAM_FOLDER) / "routing.yaml";
}

std::filesystem::path sample_file() {
  return std::filesystem::path(CLICKSTREAM_FOLDER) / "data" / "sample.csv";
}

}  // namespace clickstream
