#include "integration/faults/leader_requests.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdint>
#include <sstream>
#include <stdexcept>

namespace braid::faults {
namespace {

constexpr int kAlterPartitionReassignments = 45;
constexpr int kElectLeaders = 43;
constexpr int kTimeoutMs = 10'000;

// Kafka's binary forms; "compact" ones are those of flexible versions, with one more than the length in one byte.
class Request {
 public:
  Request(int api, int version, bool flexible) {
    integer(api, 2);
    integer(version, 2);
    integer(1, 4);  // correlation
    text("braid-tests");
    if (flexible) no_tags();
  }
  void integer(std::int64_t value, int size) {
    for (int i = size - 1; i >= 0; --i) bytes_ += static_cast<char>(value >> (8 * i) & 0xFF);
  }
  void text(const std::string& value) {
    integer(static_cast<std::int64_t>(value.size()), 2);
    bytes_ += value;
  }
  void compact_size(std::size_t size) {
    if (size > 126) throw std::runtime_error("too long for this form");
    integer(static_cast<std::int64_t>(size) + 1, 1);
  }
  void compact_text(const std::string& value) {
    compact_size(value.size());
    bytes_ += value;
  }
  void no_tags() { integer(0, 1); }
  [[nodiscard]] std::string framed() const {
    std::string all;
    for (int i = 3; i >= 0; --i) all += static_cast<char>(bytes_.size() >> (8 * i) & 0xFF);
    return all + bytes_;
  }

 private:
  std::string bytes_;
};

class Socket {
 public:
  explicit Socket(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{2 * kTimeoutMs / 1000, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~Socket() { ::close(socket_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  // Whether there was an answer.
  [[nodiscard]] bool ask(const std::string& request) const {
    if (!connected_ || ::send(socket_, request.data(), request.size(), MSG_NOSIGNAL) < 0) return false;
    unsigned char size[4];
    if (::recv(socket_, size, sizeof size, MSG_WAITALL) != sizeof size) return false;
    std::string answer((size[0] << 24U) + (size[1] << 16U) + (size[2] << 8U) + size[3], '\0');
    return ::recv(socket_, answer.data(), answer.size(), MSG_WAITALL) == static_cast<ssize_t>(answer.size());
  }

 private:
  int socket_;
  bool connected_ = false;
};

void ask_any(const std::string& bootstrap, const Request& request) {
  std::istringstream nodes(bootstrap);
  for (std::string node; std::getline(nodes, node, ',');) {
    const Socket socket(std::stoi(node.substr(node.rfind(':') + 1)));
    if (socket.ask(request.framed())) return;
  }
  throw std::runtime_error("Kafka: nobody answers a request about leaders");
}

}  // namespace

void request_order_of_copies(const std::string& bootstrap, const std::string& topic,
                             const std::vector<std::vector<int>>& nodes) {
  Request request(kAlterPartitionReassignments, 0, true);
  request.integer(kTimeoutMs, 4);
  request.compact_size(1);
  request.compact_text(topic);
  request.compact_size(nodes.size());
  for (std::size_t partition = 0; partition < nodes.size(); ++partition) {
    request.integer(static_cast<std::int64_t>(partition), 4);
    request.compact_size(nodes[partition].size());
    for (const int node : nodes[partition]) request.integer(node, 4);
    request.no_tags();
  }
  request.no_tags();
  request.no_tags();
  ask_any(bootstrap, request);
}

void request_preferred_leaders(const std::string& bootstrap, const std::string& topic, int partitions) {
  Request request(kElectLeaders, 1, false);
  request.integer(0, 1);  // preferred ones
  request.integer(1, 4);
  request.text(topic);
  request.integer(partitions, 4);
  for (int partition = 0; partition < partitions; ++partition) request.integer(partition, 4);
  request.integer(kTimeoutMs, 4);
  ask_any(bootstrap, request);
}

}  // namespace braid::faults
