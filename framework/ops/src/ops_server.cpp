#include "http_server.hpp"
#include "page.hpp"
#include "site.hpp"

#include <braid/ops_server.hpp>

#include <chrono>
#include <stdexcept>
#include <utility>

namespace braid {

namespace {

constexpr std::size_t kShortestToken = 16;

// Any of these would make it useless, or open.
void require_valid(const OpsServer::Options& options, const OpsServer::Seams& seams) {
  if (!seams.source) throw std::invalid_argument("ops: there is no source to ask");
  if (!options.token.empty() && options.token.size() < kShortestToken) {
    throw std::invalid_argument(
        "ops: the token is shorter than 16 characters: take a random one, as of `openssl rand -hex 16`");
  }
  const OpsServer::Limits& limits = options.limits;
  const auto none = std::chrono::milliseconds(0);
  const bool good = limits.max_connections > 0 && limits.max_header_bytes >= 1024 &&
                    limits.max_header_bytes <= 1024 * 1024 && limits.max_body_bytes <= 16 * 1024 * 1024 &&
                    limits.idle > none && limits.reading > none && limits.writing > none &&
                    limits.news_every > none && limits.patience >= none && limits.snapshot_age >= none;
  if (!good) {
    throw std::invalid_argument(
        "ops: limits out of their bounds: one connection and 1 KiB of header at least, 1 MiB "
        "of header and 16 MiB of body at most, and times above 0");
  }
}

}  // namespace

class OpsServer::Impl {
 public:
  Impl(Seams seams, const Options& options, Providers providers)
      : site_(std::move(seams), options, std::move(providers), ops::page_files(), &std::chrono::steady_clock::now),
        server_(options.address, *options.port, options.limits,
                {.answer = [this](const ops::Request& request) { return site_.answer(request); },
                 .news = [this] { return site_.news(); }}) {}

  [[nodiscard]] const ops::HttpServer& server() const { return server_; }

 private:
  ops::Site site_;
  ops::HttpServer server_;  // last: its thread calls the site
};

OpsServer::OpsServer(Seams seams, Options options, Providers providers) {
  require_valid(options, seams);
  if (!options.port) return;
  impl_ = std::make_unique<Impl>(std::move(seams), options, std::move(providers));
}

OpsServer::~OpsServer() = default;

std::uint16_t OpsServer::port() const {
  return impl_ ? impl_->server().port() : 0;
}

std::size_t OpsServer::connections() const {
  return impl_ ? impl_->server().connections() : 0;
}

}  // namespace braid
