#include "integration/faults/proxy.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <stdexcept>
#include <string>
#include <utility>

namespace braid::faults {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t kBufferedMost = 1024 * 1024;
constexpr std::chrono::milliseconds kTick = 5ms;

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void make_prompt(int socket) {
  ::fcntl(socket, F_SETFL, O_NONBLOCK);
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// The other side learns of it by a reset, as of a host that is gone.
void drop(int socket) {
  const linger at_once{1, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(socket);
}

}  // namespace

struct Proxy::Direction {
  struct Piece {
    steady_clock::time_point due;
    std::string bytes;
  };
  int from = -1;
  int to = -1;
  std::deque<Piece> pieces = {};
  std::size_t buffered = 0;
  bool ended = false;  // nothing more comes

  [[nodiscard]] bool takes() const { return !ended && buffered < kBufferedMost; }

  // False when the connection is broken.
  bool take(std::chrono::milliseconds delay) {
    while (takes()) {
      std::array<char, 65536> bytes;
      const ssize_t count = ::recv(from, bytes.data(), bytes.size(), 0);
      if (count < 0) return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
      if (count == 0) {
        ended = true;
        return true;
      }
      pieces.push_back({steady_clock::now() + delay, std::string(bytes.data(), static_cast<std::size_t>(count))});
      buffered += static_cast<std::size_t>(count);
    }
    return true;
  }

  // At most `allowance` bytes. False when the connection is broken, or all has been passed on behind its end.
  bool give(std::int64_t allowance) {
    while (!pieces.empty() && pieces.front().due <= steady_clock::now() && allowance > 0) {
      std::string& bytes = pieces.front().bytes;
      const auto most = std::min(bytes.size(), static_cast<std::size_t>(allowance));
      const ssize_t count = ::send(to, bytes.data(), most, MSG_NOSIGNAL);
      if (count < 0) return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
      allowance -= count;
      buffered -= static_cast<std::size_t>(count);
      bytes.erase(0, static_cast<std::size_t>(count));
      if (bytes.empty()) pieces.pop_front();
    }
    return !(ended && pieces.empty());
  }
};

struct Proxy::Connection {
  Connection(int client, int node, std::uint64_t cuts, std::size_t over)
      : out{.from = client, .to = node}, back{.from = node, .to = client}, born_at_cut(cuts), port(over) {}
  ~Connection() {
    drop(out.from);
    drop(out.to);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Direction out;
  Direction back;
  std::uint64_t born_at_cut;
  std::size_t port;  // its number
};

Proxy::Proxy(int count) {
  for (int i = 0; i < count; ++i) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (socket < 0 || ::bind(socket, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(socket, 64) != 0 || ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error(std::string("proxy: ") + std::strerror(errno));
    }
    listening_.push_back(socket);
    ports_.push_back(ntohs(address.sin_port));
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

Proxy::~Proxy() {
  thread_.request_stop();
  thread_.join();
  for (const int socket : listening_) ::close(socket);
}

void Proxy::lead_to(std::vector<int> ports) {
  const std::lock_guard lock(mutex_);
  targets_ = std::move(ports);
}

void Proxy::change(const Rules& rules) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t cuts = rules_.cuts + rules.cuts;
  rules_ = rules;
  rules_.cuts = cuts;
}

void Proxy::pass() {
  change({});
}
void Proxy::cut() {
  change({.refuse = true, .cuts = 1});
}
void Proxy::cut_once() {
  change({.cuts = 1});
}
void Proxy::delay(std::chrono::milliseconds time, std::optional<std::size_t> only) {
  change({.delay = time, .only = only});
}
void Proxy::trickle(int bytes_a_second) {
  change({.bytes_a_second = bytes_a_second});
}

void Proxy::run(const std::stop_token& stop) {
  auto last = steady_clock::now();
  while (!stop.stop_requested()) {
    std::vector<pollfd> watched;
    for (const int socket : listening_) watched.push_back({socket, POLLIN, 0});
    bool waiting = false;
    for (const auto& connection : connections_) {
      for (const Direction* way : {&connection->out, &connection->back}) {
        if (way->takes()) watched.push_back({way->from, POLLIN, 0});
        waiting = waiting || !way->pieces.empty();
      }
    }
    // The rules may change at any time, so it never waits for long.
    ::poll(watched.data(), watched.size(), static_cast<int>((waiting ? kTick : 4 * kTick).count()));

    Rules rules;
    {
      const std::lock_guard lock(mutex_);
      rules = rules_;
    }
    const auto now = steady_clock::now();
    std::int64_t allowance = INT64_MAX;
    if (rules.bytes_a_second != 0) {
      // Less than a tick's worth is not passed on by itself, or a busy loop would never pass anything.
      if (now - last < kTick) std::this_thread::sleep_for(kTick - (now - last));
      const auto spent = std::min<std::chrono::nanoseconds>(steady_clock::now() - last, 100ms);
      allowance = std::max<std::int64_t>(1, rules.bytes_a_second * spent.count() / 1'000'000'000);
    }
    last = steady_clock::now();
    std::erase_if(connections_, [&](const auto& connection) { return !serve(*connection, rules, allowance); });
    accept_new(rules);
  }
  connections_.clear();
}

bool Proxy::serve(Connection& connection, const Rules& rules, std::int64_t allowance) {
  if (connection.born_at_cut != rules.cuts) return false;
  const auto delay = rules.only.value_or(connection.port) == connection.port ? rules.delay : 0ms;
  for (Direction* way : {&connection.out, &connection.back}) {
    if (!way->take(delay) || !way->give(allowance)) return false;
  }
  return true;
}

void Proxy::accept_new(const Rules& rules) {
  std::vector<int> targets;
  {
    const std::lock_guard lock(mutex_);
    targets = targets_;
  }
  for (std::size_t i = 0; i < listening_.size(); ++i) {
    while (true) {
      const int client = ::accept4(listening_[i], nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) break;
      const int node = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const sockaddr_in address = loopback(i < targets.size() ? targets[i] : 0);
      if (rules.refuse || i >= targets.size() ||
          ::connect(node, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        drop(client);
        drop(node);
        continue;
      }
      make_prompt(client);
      make_prompt(node);
      connections_.push_back(std::make_unique<Connection>(client, node, rules.cuts, i));
    }
  }
}

}  // namespace braid::faults
