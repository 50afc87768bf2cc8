#include "http_session.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace braid::ops {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using namespace std::chrono_literals;

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kFirstBytes = 2048;
// What is still read of one that is refused, so that it sees the refusal.
constexpr std::size_t kDrained = 64 * 1024;
constexpr auto kDrainedFor = 500ms;

Method method_of(http::verb verb) {
  switch (verb) {
    case http::verb::get:
      return Method::get;
    case http::verb::head:
      return Method::head;
    case http::verb::post:
      return Method::post;
    default:
      return Method::other;
  }
}

std::string bearer_of(std::string_view authorization) {
  constexpr std::string_view kBearer = "Bearer ";
  return authorization.starts_with(kBearer) ? std::string(authorization.substr(kBearer.size())) : std::string();
}

std::string_view view(beast::string_view text) {
  return {text.data(), text.size()};
}

// None: it says something twice that counts.
std::optional<Request> request_of(http::request<http::string_body>&& message) {
  Request request;
  request.method = method_of(message.method());
  bool once = true;
  bool authorized = false;
  for (const auto& field : message) {
    const std::string_view value = view(field.value());
    switch (field.name()) {
      case http::field::host:
        request.hosts.emplace_back(value);
        break;
      case http::field::origin:
        once &= !request.origin.has_value();
        request.origin = value;
        break;
      case http::field::authorization:
        once &= !std::exchange(authorized, true);
        request.token = bearer_of(value);
        break;
      case http::field::content_type:
        request.content_type = value;
        break;
      case http::field::if_none_match:
        request.if_none_match = value;
        break;
      default:
        if (beast::iequals(field.name_string(), "Sec-Fetch-Site")) request.fetch_site = value;
    }
  }
  if (!once || !parse_target(view(message.target()), request)) return std::nullopt;
  request.body = std::move(message.body());
  return request;
}

// None: there is nobody left to tell.
std::optional<Response> refusal_of(beast::error_code failure) {
  if (failure == http::error::header_limit || failure == http::error::buffer_overflow) {
    return refusal(431, "header_too_large", "the request's header is too large");
  }
  if (failure == http::error::body_limit) return refusal(413, "body_too_large", "the request's body is too large");
  // What is of the network, a deadline among it, has closed the socket.
  const bool gone = failure == http::error::end_of_stream || failure == http::error::partial_message ||
                    failure.category() != beast::error_code(http::error::bad_method).category();
  if (gone) return std::nullopt;
  return refusal(400, "bad_request", "this is no HTTP request: " + failure.message());
}

// Bytes of an answer, as long as they are kept.
class Reserved {
 public:
  Reserved(SessionHost& host, std::size_t bytes) : host_(host), bytes_(host.reserve(bytes) ? bytes : 0) {}
  ~Reserved() { host_.give_back(bytes_); }
  Reserved(const Reserved&) = delete;
  Reserved& operator=(const Reserved&) = delete;
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  SessionHost& host_;
  std::size_t bytes_;
};

}  // namespace

Session::Session(asio::ip::tcp::socket socket, SessionHost& host)
    : host_(host),
      stream_(std::move(socket)),
      buffer_(host.limits().max_header_bytes + host.limits().max_body_bytes + kFirstBytes),
      waits_since_(Clock::now()),
      pushed_(stream_.get_executor()) {
  host_.add(*this);
}

Session::~Session() {
  host_.remove(*this);
}

void Session::close() {
  closed_ = true;
  stream_.close();
  pushed_.cancel();
}

asio::awaitable<void> Session::serve(std::shared_ptr<Session> self) {
  Next next = Next::go_on;
  while (next == Next::go_on) next = co_await self->serve_one();
  if (next == Next::drain) co_await self->drain();
  self->close();
}

asio::awaitable<Session::Next> Session::serve_one() {
  waits_since_ = Clock::now();
  if (buffer_.size() == 0) {
    stream_.expires_after(host_.limits().idle);
    const auto [failure, count] = co_await stream_.async_read_some(buffer_.prepare(kFirstBytes), kTuple);
    if (failure) co_return Next::close;
    buffer_.commit(count);
  }
  stream_.expires_after(host_.limits().reading);
  http::request_parser<http::string_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(host_.limits().max_header_bytes));
  parser.body_limit(host_.limits().max_body_bytes);
  const auto [failure, count] = co_await http::async_read(stream_, buffer_, parser, kTuple);
  if (closed_) co_return Next::close;
  waits_since_.reset();
  if (failure) {
    auto refused = refusal_of(failure);
    if (!refused) co_return Next::close;
    co_return co_await write(std::move(*refused), false, false);
  }
  const bool keep = parser.get().keep_alive();
  auto request = request_of(parser.release());
  if (!request) {
    Response refused = refusal(400, "bad_request", "the request's target or header is malformed");
    co_return co_await write(std::move(refused), false, false);
  }
  const bool head_alone = request->method == Method::head;
  Response response = host_.answer(*request);
  if (response.stream && !head_alone) {
    if (host_.begin_stream(*this)) {
      co_return co_await write(std::move(response), false, false);
    }
    response = refusal(503, "too_many_streams", "too many listen to live news already: ask again later");
  }
  const bool stays = keep && !response.stream;
  co_return co_await write(std::move(response), stays, head_alone);
}

asio::awaitable<Session::Next> Session::write(Response response, bool keep, bool head_alone) {
  const bool streams = response.stream && !head_alone;
  const Reserved reserved(host_, response.body.size());
  if (reserved.bytes() < response.body.size()) {
    response = refusal(503, "busy", "too much waits to be read by others: ask again later");
  }
  const std::string head = header_text(response, keep);
  const std::string_view body = response.fixed_body ? *response.fixed_body : std::string_view(response.body);
  const bool with_body = !head_alone && !streams;
  const std::array<asio::const_buffer, 2> buffers{asio::buffer(head),
                                                  with_body ? asio::buffer(body) : asio::const_buffer()};
  stream_.expires_after(host_.limits().writing);
  const auto [failure, count] = co_await asio::async_write(stream_, buffers, kTuple);
  if (failure || closed_) co_return Next::close;
  if (streams) {
    co_await write_pieces();
    co_return Next::close;
  }
  co_return keep ? Next::go_on : Next::drain;
}

bool Session::push(std::shared_ptr<const std::string> piece) {
  if (closed_) return false;
  // One piece is always taken: it may be larger than that by itself.
  if (!pieces_.empty() && bytes_waiting_ + piece->size() > host_.limits().max_stream_bytes) return false;
  bytes_waiting_ += piece->size();
  pieces_.push_back(std::move(piece));
  pushed_.cancel();
  return true;
}

asio::awaitable<void> Session::write_pieces() {
  // The deadline of what is being read stays as it is when writes get theirs.
  stream_.expires_never();
  asio::co_spawn(stream_.get_executor(), watch(shared_from_this()), asio::detached);
  while (!closed_) {
    if (pieces_.empty()) {
      pushed_.expires_at(Clock::time_point::max());
      co_await pushed_.async_wait(kTuple);
      continue;
    }
    const auto piece = pieces_.front();
    stream_.expires_after(host_.limits().writing);
    const auto [failure, count] = co_await asio::async_write(stream_, asio::buffer(*piece), kTuple);
    if (failure) co_return;
    bytes_waiting_ -= piece->size();
    pieces_.pop_front();
  }
}

// Whoever listens has nothing to say: what comes is its end.
asio::awaitable<void> Session::watch(std::shared_ptr<Session> self) {
  std::array<char, 64> unwanted{};
  co_await self->stream_.async_read_some(asio::buffer(unwanted), kTuple);
  self->close();
}

asio::awaitable<void> Session::drain() {
  waits_since_ = Clock::now();
  beast::error_code ignored;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  stream_.expires_after(kDrainedFor);
  std::array<char, 4096> unwanted{};
  for (std::size_t left = kDrained; left > 0;) {
    const auto [failure, count] = co_await stream_.async_read_some(asio::buffer(unwanted), kTuple);
    if (failure) co_return;
    left -= std::min(left, count);
  }
}

}  // namespace braid::ops
