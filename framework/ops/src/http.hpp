#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Requests and answers as values, without a network: what the pure parts of the Ops interface speak of.
// Thread: values; as any.

namespace braid::ops {

enum class Method : std::uint8_t { get, head, post, other };

struct Request {
  Method method = Method::get;
  std::string path = "/";                                    // decoded
  std::vector<std::pair<std::string, std::string>> query{};  // decoded, in order
  std::vector<std::string> hosts{};                          // of all Host headers
  std::optional<std::string> origin{};                       // as the browser says it
  std::optional<std::string> fetch_site{};                   // Sec-Fetch-Site
  std::string content_type{};
  std::string if_none_match{};
  std::string token{};  // behind `Authorization: Bearer`
  std::string body{};

  // The first of that name.
  [[nodiscard]] std::optional<std::string_view> parameter(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body{};
  std::optional<std::string_view> fixed_body{};  // instead of `body`: lives as long as the program
  std::string allow{};                           // of a 405
  std::string etag{};                            // of what never changes; empty: nobody may keep it
  bool stream = false;                           // live news follow instead of a body
};

// {"error":{"code":"...","message":"..."}}
[[nodiscard]] Response refusal(int status, std::string_view code, std::string_view message);
[[nodiscard]] Response json_answer(std::string body, int status = 200);

// Status line and header of an answer, with the empty line behind them. Nothing of it comes from a client.
[[nodiscard]] std::string header_text(const Response& response, bool keep_alive);

// A request's target, as `/api/jobs?topic=a%20b`, into path and query. False: it is malformed, or too long.
[[nodiscard]] bool parse_target(std::string_view target, Request& request);

}  // namespace braid::ops
