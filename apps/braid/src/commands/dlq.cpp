#include "apps/braid/src/commands/command.hpp"
#include "apps/braid/src/replay.hpp"

#include <braid/routing/problem.hpp>

#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>
#include <stdexcept>

namespace braid::app {
namespace {

constexpr const char* kFooter =
    R"(What is sent back keeps its key, its payload and its own headers, goes to the partition that it came from, and has
braid-replays raised by one; the headers braid-original-* stay, and tell which message it was.

Positions. The replay is a consumer group: a second run goes on where the first one ended. A dead letter counts as
done once its replay has been acknowledged, so a crash may send some again, and loses none. What is left (not
matched by the filters, sent back --max-replays times, no dead letter at all) stays open: the group's position never
passes it, and what was sent beyond it is remembered in the commit's metadata, so that a later run with other filters
finds all that was left, and nothing else. That memory has room for 400 stretches of left messages a partition; a
partition that has more is replayed up to there, which is said. --pass-left gives up what is left instead.

The end is that of the topic when the replay started: what fails again meanwhile waits for the next one.

Examples:
  braid dlq replay --bootstrap kafka:9092 --topic orders.dlq --dry-run
  braid dlq replay --bootstrap kafka:9092 --topic orders.dlq --error-type std::runtime_error --since 2h --limit 100)";

struct Options {
  ReplayOptions replay{};
  std::string original_topic{};
  std::string error_type{};
  std::string key{};
  std::string since{};
  std::string until{};
  double timeout_seconds = 60;
};

Time now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::string not_a_time(const std::string& text) {
  return parse_time(text, now()) ? ""
                                 : "expected 2026-11-21T19:54:33Z (UTC), 2026-11-21, 2h or milliseconds since the "
                                   "epoch, is '" +
                                       text + "'";
}

void print(const ReplayOutcome& outcome, const ReplayOptions& options) {
  std::cout << outcome.replayed
            << (options.dry_run ? " dead letters would be sent back" : " dead letters sent back")
            << "; left: " << outcome.unmatched << " not matched, " << outcome.too_often << " sent back "
            << options.rules.max_replays << " times or more, " << outcome.no_dead_letters << " no dead letters\n";
  if (outcome.circles > 0) std::cerr << outcome.circles << " would go to the topic that they are in: use --to\n";
  if (outcome.held_back > 0) {
    std::cerr << outcome.held_back
              << " were held back, since too many messages are left between those sent: use a "
                 "wider filter, --pass-left, or another --group\n";
  }
  std::cout << "RESULT name=dlq_replay replayed=" << outcome.replayed << " unmatched=" << outcome.unmatched
            << " too_often=" << outcome.too_often << " no_dead_letters=" << outcome.no_dead_letters
            << " circles=" << outcome.circles << " held_back=" << outcome.held_back
            << " dry_run=" << (options.dry_run ? 1 : 0) << '\n';
  std::cout.flush();
}

ExitStatus run(const ReplayOptions& options) {
  const ReplayOutcome outcome = replay(options, std::cout, std::cerr);
  print(outcome, options);
  if (!outcome.failure.empty()) {
    std::cerr << "braid: " << outcome.failure << '\n';
    return ExitStatus::runtime_error;
  }
  return outcome.interrupted ? ExitStatus::interrupted : ExitStatus::success;
}

void add_filters(CLI::App& command, const std::shared_ptr<Options>& options) {
  command.add_option("--original-topic", options->original_topic, "Only those that come from this topic");
  command.add_option("--error-type", options->error_type, "Only those that failed with this type, exactly");
  command.add_option("--key", options->key, "Only those with this key, exactly");
  command.add_option("--since", options->since, "Only those whose last failure was at that time or later")
      ->type_name("TIME")
      ->check(CLI::Validator(not_a_time, ""));
  command.add_option("--until", options->until, "Only those whose last failure was before that time")
      ->type_name("TIME")
      ->check(CLI::Validator(not_a_time, ""));
}

void add_options(CLI::App& command, const std::shared_ptr<Options>& options) {
  ReplayOptions& replay = options->replay;
  command.add_option("--bootstrap", replay.bootstrap, "HOST:PORT[,HOST:PORT...] of the Kafka cluster")->required();
  command.add_option("--topic", replay.topic, "The topic of dead letters")->required();
  command.add_option("--group", replay.group, "The consumer group of the replay (default: TOPIC.replay)");
  command.add_option("--limit", replay.limit, "Send no more than so many")->check(CLI::NonNegativeNumber);
  command.add_flag("--dry-run", replay.dry_run, "Say what would be sent; send and commit nothing");
  add_filters(command, options);
  command.add_option("--to", replay.rules.destination.topic,
                     "Send to this topic, by key, not to where each came from");
  command.add_flag("--by-key", replay.rules.destination.by_key,
                   "Choose partitions by the key's hash, where the original ones are gone");
  command.add_option("--max-replays", replay.rules.max_replays, "Leave what was sent back so often already")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command.add_flag("--pass-left", replay.pass_left,
                   "Count what is left as done: no later run of this group sees it again");
  command
      .add_option("--timeout", options->timeout_seconds,
                  "End in failure when nothing has moved for so many seconds")
      ->check(CLI::Range(1.0, 86'400.0))
      ->capture_default_str();
  command.add_flag("--verbose", replay.verbose, "Say each that is sent");
  command
      .add_option_function<std::vector<std::string>>(
          "--kafka",
          [options](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) {
              const auto equals = text.find('=');
              options->replay.kafka.insert_or_assign(text.substr(0, equals), text.substr(equals + 1));
            }
          },
          "A setting of librdkafka for all clients, such as security.protocol=ssl; repeatable")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false)
      ->check([](const std::string& text) -> std::string {
        const auto equals = text.find('=');
        return equals == std::string::npos || equals == 0 ? "expected NAME=VALUE, is '" + text + "'" : "";
      });
}

// What the texts of the options mean.
ReplayOptions resolved(const CLI::App& command, const Options& options) {
  ReplayOptions replay = options.replay;
  ReplayFilter& filter = replay.rules.filter;
  if (command.count("--original-topic") > 0) filter.original_topic = options.original_topic;
  if (command.count("--error-type") > 0) filter.error_type = options.error_type;
  if (command.count("--key") > 0) filter.key = options.key;
  if (!options.since.empty()) filter.since = parse_time(options.since, now());
  if (!options.until.empty()) filter.until = parse_time(options.until, now());
  if (replay.group.empty()) replay.group = replay.topic + ".replay";
  replay.rules.dead_letter_topic = replay.topic;
  replay.timeout = std::chrono::milliseconds(static_cast<std::int64_t>(options.timeout_seconds * 1000));
  replay.handle_signals = true;
  if (replay.rules.destination.topic == replay.topic) {
    throw std::invalid_argument("--to must be another topic than --topic, or the replay would feed itself");
  }
  return replay;
}

}  // namespace

void register_dlq(CLI::App& app, Run& run_command) {
  CLI::App* const dlq = app.add_subcommand("dlq", "Dead letters");
  dlq->require_subcommand(1);
  CLI::App* const command = dlq->add_subcommand("replay", "Send dead letters back to where they came from");
  command->footer(kFooter);
  const auto options = std::make_shared<Options>();
  add_options(*command, options);
  command->callback([&run_command, command, options] {
    run_command = [command, options] {
      try {
        return run(resolved(*command, *options));
      } catch (const std::invalid_argument& invalid) {
        std::cerr << "braid: " << invalid.what() << '\n';
      } catch (const routing::InvalidRoutes& invalid) {
        std::cerr << "braid: " << invalid.what() << '\n';  // a name that Kafka does not allow
      }
      return ExitStatus::usage_error;
    };
  });
}

}  // namespace braid::app
