#include "gate.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>

namespace braid::ops {

namespace {

std::string lower(std::string_view text) {
  std::string lowered(text);
  std::ranges::transform(lowered, lowered.begin(), [](unsigned char c) { return std::tolower(c); });
  return lowered;
}

bool all_of(std::string_view text, std::string_view allowed) {
  return text.find_first_not_of(allowed) == std::string_view::npos;
}

// Four numbers: no name that anybody could own looks like that, as no top-level domain is a number.
bool is_ipv4(std::string_view host) {
  int parts = 0;
  while (parts < 4) {
    const std::string_view part = host.substr(0, host.find('.'));
    if (part.empty() || part.size() > 3 || !all_of(part, "0123456789")) return false;
    ++parts;
    if (part.size() == host.size()) return parts == 4;
    host.remove_prefix(part.size() + 1);
  }
  return false;
}

bool is_ipv6(std::string_view host) {
  return host.size() >= 4 && host.front() == '[' && host.back() == ']' &&
         all_of(host.substr(1, host.size() - 2), "0123456789abcdef:.");
}

// `name`, `name:port`, `[address]:port` without the port; none: it is malformed.
std::optional<std::string> host_of(std::string_view value) {
  std::string host = lower(value);
  const std::size_t bracket = host.find(']');
  const std::size_t colon = host.find(':', bracket == std::string::npos ? 0 : bracket);
  if (colon != std::string::npos) {
    const std::string_view port = std::string_view(host).substr(colon + 1);
    if (port.empty() || port.size() > 5 || !all_of(port, "0123456789")) return std::nullopt;
    host.resize(colon);
  }
  // Of a fully qualified name the last dot means nothing.
  if (host.size() > 1 && host.back() == '.') host.pop_back();
  if (host.empty()) return std::nullopt;
  return host;
}

bool may_be_called(const Gate& gate, const std::string& host) {
  if (host == "localhost" || is_ipv4(host) || is_ipv6(host)) return true;
  return std::ranges::any_of(gate.names, [&](const std::string& name) { return lower(name) == host; });
}

bool may_ask(const Gate& gate, std::string_view origin, std::string_view host) {
  const std::string asked = lower(origin);
  // Another scheme of the same host and port is a proxy's, which `origins` has to name.
  if (asked == "http://" + lower(host)) return true;
  return std::ranges::any_of(gate.origins, [&](const std::string& each) { return lower(each) == asked; });
}

}  // namespace

std::optional<Response> refuse(const Gate& gate, const Request& request) {
  if (request.hosts.size() != 1) {
    return refusal(400, "bad_host", "a request needs exactly one Host header");
  }
  const std::string& called = request.hosts.front();
  const auto host = host_of(called);
  if (!host)
    return refusal(400, "bad_host", "the Host header is malformed: it is a name or an address, and a port");
  if (!may_be_called(gate, *host)) {
    return refusal(421, "unknown_host",
                   "this server does not go by the name '" + *host +
                       "': call it by its address or as localhost, or add the name to the option `names`");
  }
  if (request.origin && !may_ask(gate, *request.origin, called)) {
    return refusal(403, "foreign_origin",
                   "pages from '" + *request.origin +
                       "' may not ask here: where that is a proxy in front of this server, add it to the option "
                       "`origins`");
  }
  // Browsers say so where they send no Origin. A page of its own, and the address line, are none of that.
  const bool foreign =
      request.fetch_site && (*request.fetch_site == "cross-site" || *request.fetch_site == "same-site");
  if (foreign && !request.origin && request.path != "/") {
    return refusal(403, "foreign_origin", "pages from elsewhere may not ask here");
  }
  return std::nullopt;
}

bool same_token(std::string_view given, std::string_view expected) {
  if (expected.empty()) return false;
  // As many steps as were given, whatever is expected: only the caller's own length shows.
  std::size_t differ = given.size() ^ expected.size();
  for (std::size_t i = 0; i < given.size(); ++i) {
    const auto left = static_cast<unsigned char>(given[i]);
    const auto right = static_cast<unsigned char>(expected[i % expected.size()]);
    // Without it a compiler may see that the first difference settles it.
    const volatile std::size_t both = differ | static_cast<std::size_t>(left ^ right);
    differ = both;
  }
  return differ == 0;
}

}  // namespace braid::ops
