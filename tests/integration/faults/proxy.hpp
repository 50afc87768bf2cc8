#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace braid::faults {

// A network that fails: ports on loopback whose connections are passed on to others, as well or as badly as it is
// told. One thread of its own.
// Thread: any.
class Proxy {
 public:
  // Listens at `count` ports that were free. Throws std::runtime_error.
  explicit Proxy(int count);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  [[nodiscard]] const std::vector<int>& ports() const { return ports_; }
  // Where they lead, in their order. Before that, connections are closed at once.
  void lead_to(std::vector<int> ports);

  // As if it were not there; how it begins.
  void pass();
  // All connections are cut now, and new ones as they come, until another word.
  void cut();
  // All connections are cut now; new ones pass.
  void cut_once();
  // What comes is passed on so much later, each way; or what comes over the port of that number alone.
  void delay(std::chrono::milliseconds time, std::optional<std::size_t> only = {});
  // Each connection passes so many bytes a second, each way.
  void trickle(int bytes_a_second);

 private:
  struct Direction;
  struct Connection;
  struct Rules {
    bool refuse = false;
    std::uint64_t cuts = 0;
    std::chrono::milliseconds delay{0};
    std::optional<std::size_t> only{};  // that port is delayed; none: all are
    int bytes_a_second = 0;             // 0: no limit
  };

  void run(const std::stop_token& stop);
  void accept_new(const Rules& rules);
  [[nodiscard]] bool serve(Connection& connection, const Rules& rules, std::int64_t allowance);
  void change(const Rules& rules);

  std::vector<int> ports_;
  std::vector<int> listening_;
  std::vector<std::unique_ptr<Connection>> connections_;  // the thread's
  std::mutex mutex_;                                      // of the two below
  Rules rules_;
  std::vector<int> targets_;
  std::jthread thread_;
};

}  // namespace braid::faults
