#pragma once

#include "gate.hpp"
#include "history.hpp"
#include "http.hpp"
#include "router.hpp"
#include "snapshot_json.hpp"

#include <braid/ops_server.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace braid::ops {

// A file that is compiled in.
struct PageFile {
  std::string_view path;  // as clients ask for it
  std::string_view content_type;
  std::string_view content;
  std::string_view etag;
};

// All paths of the Ops interface, and what is behind them. Asks the application as seldom as may be.
// Thread: the server's; the history hears of events on the monitor's.
class Site {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Now = std::function<Time()>;
  Site(OpsServer::Seams seams, const OpsServer::Options& options, OpsServer::Providers providers,
       std::span<const PageFile> page, Now now);

  [[nodiscard]] Response answer(const Request& request);
  // For those who listen to live news: one piece of them.
  [[nodiscard]] std::string news();

 private:
  const ApplicationSnapshot& snapshot();
  void add_page(std::span<const PageFile> page);
  void add_api();
  void add_commands();
  void add_probes();

  const OpsServer::Seams seams_;
  const OpsServer::Providers providers_;
  const OpsServer::Limits limits_;
  const Gate gate_;
  const Now now_;
  Router router_;
  bool has_commands_ = false;
  std::optional<ApplicationSnapshot> snapshot_;
  Time taken_at_{};
  History history_;  // last: it is written to by another thread
};

}  // namespace braid::ops
