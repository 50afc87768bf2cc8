#include "router.hpp"

#include "gate.hpp"

#include <exception>
#include <utility>

namespace braid::ops {

namespace {

constexpr std::string_view kJson = "application/json";

bool is_json(std::string_view content_type) {
  if (!content_type.starts_with(kJson)) return false;
  content_type.remove_prefix(kJson.size());
  return content_type.empty() || content_type.front() == ';' || content_type.front() == ' ';
}

Response not_allowed(std::string allow) {
  Response response = refusal(405, "method_not_allowed", "this path takes " + allow + " alone");
  response.allow = std::move(allow);
  return response;
}

}  // namespace

void Router::get(std::string path, Handler handler) {
  routes_.insert_or_assign(std::move(path), Route{.command = false, .handler = std::move(handler)});
}

void Router::command(std::string path, Handler handler) {
  if (token_.empty()) return;
  routes_.insert_or_assign(std::move(path), Route{.command = true, .handler = std::move(handler)});
}

Response Router::route(const Request& request) const {
  const auto found = routes_.find(request.path);
  if (found == routes_.end()) return refusal(404, "unknown_path", "there is nothing at this path");
  const Route& route = found->second;
  const bool reads = request.method == Method::get || request.method == Method::head;
  if (route.command) {
    if (request.method != Method::post) return not_allowed("POST");
    if (!same_token(request.token, token_)) {
      return refusal(401, "wrong_token",
                     request.token.empty() ? "commands need the token: send it as `Authorization: Bearer TOKEN`"
                                           : "this is not the token");
    }
    // A form of a foreign page could not say so.
    if (!is_json(request.content_type)) {
      return refusal(415, "not_json", "commands are JSON: send `Content-Type: application/json`");
    }
  } else if (!reads) {
    return not_allowed("GET, HEAD");
  }
  return ask(route, request);
}

Response Router::ask(const Route& route, const Request& request) const {
  try {
    return route.handler(request);
  } catch (const std::exception& failure) {
    return refusal(500, "failed", std::string("the answer could not be made: ") + failure.what());
  } catch (...) {
    return refusal(500, "failed", "the answer could not be made");
  }
}

}  // namespace braid::ops
