#include "http.hpp"

#include "json_text.hpp"

#include <algorithm>
#include <cstddef>

namespace braid::ops {

namespace {

constexpr std::size_t kLongestTarget = 2048;
constexpr std::size_t kMostParameters = 32;

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// None: not well formed, or with characters that no name of ours has.
std::optional<std::string> decode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex(text[i + 1]);
      const int low = hex(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return std::nullopt;
    decoded.push_back(c);
  }
  return decoded;
}

std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 421:
      return "Misdirected Request";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Status";
  }
}

// The page needs nothing from elsewhere, nobody else may frame it, and what is shown is never kept.
constexpr std::string_view kSecurity =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n";

}  // namespace

std::optional<std::string_view> Request::parameter(std::string_view name) const {
  const auto found = std::ranges::find(query, name, &std::pair<std::string, std::string>::first);
  if (found == query.end()) return std::nullopt;
  return found->second;
}

Response refusal(int status, std::string_view code, std::string_view message) {
  return json_answer(R"({"error":{"code":)" + json_string(code) + R"(,"message":)" + json_string(message) + "}}\n",
                     status);
}

Response json_answer(std::string body, int status) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

std::string header_text(const Response& response, bool keep_alive) {
  std::string text =
      "HTTP/1.1 " + std::to_string(response.status) + ' ' + std::string(reason_of(response.status)) + "\r\n";
  const auto add = [&](std::string_view name, std::string_view value) {
    text += name;
    text += ": ";
    text += value;
    text += "\r\n";
  };
  add("Content-Type", response.content_type);
  if (!response.stream && response.status != 304) {
    const std::size_t size = response.fixed_body ? response.fixed_body->size() : response.body.size();
    add("Content-Length", std::to_string(size));
  }
  if (!response.allow.empty()) add("Allow", response.allow);
  if (response.status == 401) add("WWW-Authenticate", "Bearer");
  if (response.etag.empty()) {
    add("Cache-Control", "no-store");
  } else {
    add("Cache-Control", "no-cache");
    add("ETag", response.etag);
  }
  text += kSecurity;
  add("Connection", keep_alive && !response.stream ? "keep-alive" : "close");
  text += "\r\n";
  return text;
}

bool parse_target(std::string_view target, Request& request) {
  if (target.empty() || target.front() != '/' || target.size() > kLongestTarget) return false;
  const std::size_t mark = target.find('?');
  auto path = decode(target.substr(0, mark), false);
  if (!path) return false;
  request.path = std::move(*path);
  request.query.clear();
  if (mark == std::string_view::npos) return true;
  std::string_view rest = target.substr(mark + 1);
  while (!rest.empty()) {
    const std::string_view one = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    if (one.empty()) continue;
    if (request.query.size() == kMostParameters) return false;
    const std::size_t equals = one.find('=');
    auto name = decode(one.substr(0, equals), true);
    auto value =
        equals == std::string_view::npos ? std::make_optional<std::string>() : decode(one.substr(equals + 1), true);
    if (!name || !value) return false;
    request.query.emplace_back(std::move(*name), std::move(*value));
  }
  return true;
}

}  // namespace braid::ops
