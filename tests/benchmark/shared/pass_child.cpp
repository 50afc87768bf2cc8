#include "child.hpp"
#include "pass.hpp"

#include <iomanip>
#include <iostream>
#include <sstream>
#include <stdexcept>

namespace braid::benchmarks {
namespace {

constexpr const char* kMark = "PASS";
// Of a pass, joining the group and the stop included; its own patience ends before.
constexpr std::chrono::seconds kLimit{240};

std::vector<std::string> arguments(const PassRequest& request) {
  std::vector<std::string> all{"--pass", request.side == Side::raw ? "raw" : "braid"};
  const auto add = [&](const char* name, const auto& value) {
    std::ostringstream text;
    text << value;
    all.insert(all.end(), {name, text.str()});
  };
  add("--bootstrap", request.bootstrap);
  add("--topic", request.topic);
  add("--messages", request.messages);
  add("--max-messages", request.max_messages);
  add("--concurrency", request.concurrency);
  add("--commit-ms", request.commit_ms);
  add("--flow", flow_name(request.flow));
  if (request.touch) all.emplace_back("--touch");
  for (const auto& [key, value] : request.settings) add("--kafka", key + "=" + value);
  return all;
}

PassResult parse(const std::string& line) {
  std::istringstream in(line);
  std::string mark;
  PassResult result;
  std::size_t threads = 0;
  in >> mark >> result.seconds >> result.cpu_seconds >> result.messages >> result.checksum >> result.batches >>
      threads;
  for (std::size_t i = 0; i < threads; ++i) {
    ThreadTime time;
    in >> std::quoted(time.name) >> time.cpu_seconds >> time.voluntary_switches;
    result.threads.push_back(time);
  }
  if (!in || mark != kMark) throw std::runtime_error("a pass ended without a result: " + line);
  return result;
}

}  // namespace

PassResult run_in_child(const PassRequest& request) {
  return parse(run_self(arguments(request), kLimit));
}

int serve_pass(const PassRequest& request) {
  end_with_parent();
  try {
    const PassResult result = request.side == Side::raw ? run_raw(request) : run_braid(request);
    std::cout << kMark << ' ' << std::setprecision(9) << result.seconds << ' ' << result.cpu_seconds << ' '
              << result.messages << ' ' << result.checksum << ' ' << result.batches << ' ' << result.threads.size();
    for (const ThreadTime& time : result.threads) {
      std::cout << ' ' << std::quoted(time.name) << ' ' << time.cpu_seconds << ' ' << time.voluntary_switches;
    }
    std::cout << std::endl;
    return 0;
  } catch (const std::exception& error) {
    std::cout << error.what() << std::flush;  // for run_in_child()
    return 1;
  }
}

PassResult checked_pass(PassRequest request, Side side) {
  request.side = side;
  const PassResult result = run_in_child(request);
  const std::uint64_t offsets = request.messages * (request.messages - 1) / 2;
  if (result.messages != request.messages || (!request.touch && result.checksum != offsets)) {
    throw std::runtime_error((side == Side::raw ? "raw: " : "braid: ") + std::to_string(result.messages) +
                             " messages were read instead of " + std::to_string(request.messages) +
                             ", or not each of them once");
  }
  return result;
}

const char* flow_name(Flow flow) {
  return flow == Flow::continuous ? "continuous" : "batch";
}

Flow flow_by_name(std::string_view name) {
  if (name != "batch" && name != "continuous") {
    throw std::invalid_argument("a flow is batch or continuous, not " + std::string(name));
  }
  return name == "continuous" ? Flow::continuous : Flow::batch;
}

}  // namespace braid::benchmarks
