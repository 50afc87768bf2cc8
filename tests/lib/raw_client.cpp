#include "tests/lib/raw_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace braid::test {

namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

RawClient::RawClient(std::uint16_t port, int receive_buffer) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  if (receive_buffer > 0) {
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    throw std::system_error(errno, std::system_category(), "connecting to port " + std::to_string(port));
  }
}

RawClient::RawClient(RawClient&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), received_(std::move(other.received_)), ended_(other.ended_) {}

RawClient::~RawClient() {
  if (socket_ >= 0) ::close(socket_);
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    pollfd ready{socket_, POLLOUT, 0};
    if (::poll(&ready, 1, 1000) != 1) return false;
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void RawClient::end_sending() {
  ::shutdown(socket_, SHUT_WR);
}

bool RawClient::read_more(Clock::time_point until) {
  if (ended_) return false;
  const auto left = std::chrono::ceil<Milliseconds>(until - Clock::now());
  pollfd ready{socket_, POLLIN, 0};
  if (::poll(&ready, 1, std::max(0, static_cast<int>(left.count()))) != 1) return false;
  std::array<char, 65536> bytes{};
  const auto count = ::recv(socket_, bytes.data(), bytes.size(), 0);
  if (count <= 0) {
    ended_ = true;
    return false;
  }
  received_.append(bytes.data(), static_cast<std::size_t>(count));
  return true;
}

std::string RawClient::read_until(std::string_view mark, Milliseconds timeout) {
  const auto until = Clock::now() + timeout;
  std::size_t found = received_.find(mark);
  for (std::size_t seen = received_.size(); found == std::string::npos && read_more(until);
       seen = received_.size()) {
    found = received_.find(mark, seen - std::min(seen, mark.size()));
  }
  const std::size_t size = found == std::string::npos ? received_.size() : found + mark.size();
  std::string text = received_.substr(0, size);
  received_.erase(0, size);
  return text;
}

std::string RawClient::read_answer(bool with_body) {
  const auto until = Clock::now() + Milliseconds(5000);
  std::string text = read_until("\r\n\r\n");
  if (!with_body) return text;
  const std::size_t at = text.find("Content-Length: ");
  if (at == std::string::npos) return text;
  const auto size = static_cast<std::size_t>(std::atol(text.c_str() + at + 16));
  while (received_.size() < size && read_more(until)) {
  }
  text += received_.substr(0, size);
  received_.erase(0, std::min(size, received_.size()));
  return text;
}

std::string RawClient::read_to_end(Milliseconds timeout) {
  const auto until = Clock::now() + timeout;
  while (read_more(until)) {
  }
  return std::exchange(received_, {});
}

bool RawClient::closed_within(Milliseconds timeout) {
  const auto until = Clock::now() + timeout;
  while (read_more(until)) received_.clear();
  return ended_;
}

}  // namespace braid::test
