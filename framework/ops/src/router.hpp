#pragma once

#include "http.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace braid::ops {

// Which path is answered by whom, and who may ask for it. Knows no network.
// Thread: none of its own; not changed any more once it is used.
class Router {
 public:
  using Handler = std::function<Response(const Request&)>;
  // Empty: commands are unknown paths, as though nobody had ever added one.
  explicit Router(std::string token) : token_(std::move(token)) {}

  // GET, and HEAD with it.
  void get(std::string path, Handler handler);
  // POST of a JSON body, for who has the token.
  void command(std::string path, Handler handler);

  // 404, 405, 401, 415 where nobody is to answer; 500 for a handler that throws.
  [[nodiscard]] Response route(const Request& request) const;

 private:
  struct Route {
    bool command = false;
    Handler handler;
  };
  [[nodiscard]] Response ask(const Route& route, const Request& request) const;

  const std::string token_;
  std::map<std::string, Route, std::less<>> routes_;
};

}  // namespace braid::ops
