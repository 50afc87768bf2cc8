// A Kafka cluster of mock brokers on loopback, for other processes: prints where it is and stays until it is
// stopped.

#include <braid/testing/embedded_cluster.hpp>

#include <CLI/CLI.hpp>

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using braid::testing::EmbeddedCluster;

constexpr int kOk = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;

constexpr const char* kFooter = R"(Exit codes: 0 stopped as asked, 1 it could not start, 2 wrong options.

Example, with kcat:
  $ embedded_cluster --topic clicks:2
  bootstrap=127.0.0.1:35735,127.0.0.1:45291,127.0.0.1:38917

  $ printf 'ann:/home\nbob:/cart\n' | kcat -P -b 127.0.0.1:35735 -t clicks -K:
  $ kcat -C -q -e -b 127.0.0.1:35735 -t clicks -f '%t/%p@%o %k=%s\n'
  clicks/0@0 bob=/cart
  clicks/1@0 ann=/home)";

// What people expect of a Kafka and do not get here.
constexpr std::array kUnsupported{
    "unsupported: CreateTopics and other admin requests (name topics with --topic)",
    "unsupported: more than the last 5 MiB or 100,000 batches of a partition (older ones vanish)",
    "unsupported: the consumer protocol of KIP-848, static membership",
    "unsupported: transactions (accepted, without effect)",
};

std::optional<EmbeddedCluster::Topic> parse_topic(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == 0 || text.empty()) return std::nullopt;
  if (colon == std::string_view::npos) return EmbeddedCluster::Topic{.name = std::string{text}};
  EmbeddedCluster::Topic topic{.name = std::string{text.substr(0, colon)}};
  const std::string_view number = text.substr(colon + 1);
  const auto [end, code] = std::from_chars(number.data(), number.data() + number.size(), topic.partitions);
  if (code != std::errc{} || end != number.data() + number.size() || topic.partitions < 1) return std::nullopt;
  return topic;
}

// Before any thread starts, so that all of them inherit the mask.
int block_stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signalfd(-1, &signals, SFD_CLOEXEC);
}

void wait_for_stop(int signals, bool until_eof) {
  std::array<pollfd, 2> files{{{.fd = signals, .events = POLLIN, .revents = 0},
                               {.fd = until_eof ? STDIN_FILENO : -1, .events = POLLIN, .revents = 0}}};
  for (;;) {
    if (poll(files.data(), files.size(), -1) < 0) continue;
    if (files[0].revents != 0) return;
    if (files[1].revents == 0) continue;
    std::array<char, 4096> ignored{};
    if (read(STDIN_FILENO, ignored.data(), ignored.size()) <= 0) return;
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App options{"Serves an embedded Kafka cluster on loopback until SIGINT or SIGTERM."};
  options.footer(kFooter);
  int brokers = 3;
  std::vector<std::string> topics;
  bool until_eof = false;
  bool quiet = false;
  options.add_option("--brokers", brokers, "Number of brokers")->check(CLI::Range(1, 100))->capture_default_str();
  options.add_option("--topic", topics, "NAME or NAME:PARTITIONS, repeatable")->allow_extra_args(false);
  options.add_flag("--until-eof", until_eof, "Stop at the end of the standard input, too");
  options.add_flag("--quiet", quiet, "Do not list on the standard error what is unsupported");
  try {
    options.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return options.exit(error) == 0 ? kOk : kUsage;
  }

  EmbeddedCluster::Options cluster_options{.brokers = brokers, .topics = {}};
  for (const std::string& text : topics) {
    const auto topic = parse_topic(text);
    if (!topic) {
      std::cerr << "--topic " << text << ": expected NAME or NAME:PARTITIONS, e.g. --topic clicks:4\n";
      return kUsage;
    }
    cluster_options.topics.push_back(*topic);
  }

  const int signals = block_stop_signals();
  try {
    const EmbeddedCluster cluster{cluster_options};
    std::cout << "bootstrap=" << cluster.bootstrap() << std::endl;  // whoever reads a pipe waits for it
    if (!quiet) {
      for (const char* line : kUnsupported) std::cerr << line << '\n';
    }
    wait_for_stop(signals, until_eof);
  } catch (const std::exception& error) {
    std::cerr << "embedded_cluster: " << error.what() << '\n';
    return kFailed;
  }
  return kOk;
}
