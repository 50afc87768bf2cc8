#include "site.hpp"

#include "command_json.hpp"
#include "json_text.hpp"

#include <charconv>
#include <limits>
#include <utility>

namespace braid::ops {

namespace {

constexpr const char* kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

Response health_answer(const Health& health) {
  return json_answer(health.json + '\n', health.good ? 200 : 503);
}

// Which partitions a request asks for; or why that can't be understood.
struct Asked {
  Selection selection{};
  std::optional<Response> refused{};
};

Asked selection_of(const Request& request) {
  Asked asked;
  if (const auto topic = request.parameter("topic")) asked.selection.topic = std::string(*topic);
  const auto partition = request.parameter("partition");
  if (!partition) return asked;
  std::int32_t number = 0;
  const auto [end, failure] = std::from_chars(partition->data(), partition->data() + partition->size(), number);
  if (failure != std::errc() || end != partition->data() + partition->size() || number < 0) {
    asked.refused = refusal(400, "bad_partition", "`partition` is a number from 0 on");
  }
  asked.selection.partition = number;
  return asked;
}

bool runs(ApplicationState state) {
  return state == ApplicationState::running || state == ApplicationState::quieting ||
         state == ApplicationState::quiet;
}

}  // namespace

Site::Site(OpsServer::Seams seams, const OpsServer::Options& options, OpsServer::Providers providers,
           std::span<const PageFile> page, Now now)
    : seams_(std::move(seams)),
      providers_(std::move(providers)),
      limits_(options.limits),
      gate_{.names = options.names, .origins = options.origins},
      now_(std::move(now)),
      router_(options.token) {
  add_page(page);
  add_api();
  has_commands_ = seams_.commands && !options.token.empty();
  if (has_commands_) add_commands();
  add_probes();
  if (seams_.monitor != nullptr) history_.listen(*seams_.monitor);
}

Response Site::answer(const Request& request) {
  if (auto refused = refuse(gate_, request)) return std::move(*refused);
  return router_.route(request);
}

std::string Site::news() {
  return live_json(snapshot(), history_.revision());
}

const ApplicationSnapshot& Site::snapshot() {
  const Time now = now_();
  if (!snapshot_ || now - taken_at_ >= limits_.snapshot_age) {
    snapshot_ = seams_.source->snapshot(limits_.patience);
    // From its end: one that took long is no reason to take the next one at once.
    taken_at_ = now_();
  }
  return *snapshot_;
}

void Site::add_page(std::span<const PageFile> page) {
  for (const PageFile& file : page) {
    router_.get(std::string(file.path), [&file](const Request& request) {
      Response response;
      response.content_type = file.content_type;
      response.etag = file.etag;
      if (request.if_none_match == file.etag) {
        response.status = 304;
        return response;
      }
      response.fixed_body = file.content;
      return response;
    });
  }
}

void Site::add_api() {
  const auto of_snapshot = [this](std::string (*json)(const ApplicationSnapshot&)) {
    return [this, json](const Request& /*request*/) { return json_answer(json(snapshot())); };
  };
  const auto of_selection = [this](std::string (*json)(const ApplicationSnapshot&, const Selection&)) {
    return [this, json](const Request& request) {
      Asked asked = selection_of(request);
      if (asked.refused) return std::move(*asked.refused);
      return json_answer(json(snapshot(), asked.selection));
    };
  };
  router_.get("/api/application", of_snapshot(&application_json));
  router_.get("/api/connections", of_snapshot(&connections_json));
  router_.get("/api/partitions", of_selection(&partitions_json));
  router_.get("/api/virtual-partitions", of_selection(&virtual_partitions_json));
  router_.get("/api/jobs", of_snapshot(&jobs_json));
  router_.get("/api/configuration", [this](const Request& /*request*/) {
    return json_answer(configuration_json(seams_.source->configuration()));
  });
  router_.get("/api/interface", [this](const Request& /*request*/) {
    std::string names;
    if (has_commands_) {
      for (const std::string_view name : command_names()) names += (names.empty() ? "" : ",") + json_string(name);
    }
    return json_answer("{\"commands\":[" + names + "],\"metrics\":" + (providers_.metrics ? "true" : "false") +
                       "}\n");
  });
  const auto of_history = [this](History::Kind kind) {
    return [this, kind](const Request& /*request*/) { return json_answer(history_.json(kind)); };
  };
  router_.get("/api/errors", of_history(History::Kind::errors));
  router_.get("/api/letters", of_history(History::Kind::letters));
  router_.get("/api/rebalances", of_history(History::Kind::rebalances));
  router_.get("/api/live", [](const Request& /*request*/) {
    Response response;
    response.content_type = "text/event-stream";
    response.stream = true;
    return response;
  });
}

void Site::add_commands() {
  for (const std::string_view name : command_names()) {
    router_.command("/api/commands/" + std::string(name), [this, name](const Request& request) {
      const auto command = parse_command(name, request.body);
      if (!command) return command_answer(command.error());
      auto outcome = seams_.commands->obey(command.value());
      snapshot_.reset();  // whoever commands looks at what came of it
      return command_answer(outcome);
    });
  }
}

void Site::add_probes() {
  if (providers_.metrics) {
    router_.get("/metrics", [this](const Request& /*request*/) {
      Response response = json_answer(providers_.metrics());
      response.content_type = kMetricsType;
      return response;
    });
  }
  router_.get("/healthz", [this](const Request& /*request*/) {
    return health_answer(providers_.healthy ? providers_.healthy() : Health{.json = R"({"healthy":true})"});
  });
  router_.get("/readyz", [this](const Request& /*request*/) {
    if (providers_.ready) return health_answer(providers_.ready());
    const ApplicationState state = snapshot().state;
    return health_answer({.good = runs(state), .json = "{\"state\":" + json_string(name_of(state)) + "}"});
  });
}

}  // namespace braid::ops
