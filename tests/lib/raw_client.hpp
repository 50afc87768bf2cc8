#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace braid::test {

// A TCP client on loopback that sends whatever it is told to, for servers that must bear that. Closes at its end.
// Thread: any one at a time.
class RawClient {
 public:
  using Milliseconds = std::chrono::milliseconds;
  // `receive_buffer`: of the kernel's, in bytes, for one that does not read; 0: as it is.
  explicit RawClient(std::uint16_t port, int receive_buffer = 0);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  RawClient(RawClient&& other) noexcept;
  RawClient& operator=(RawClient&&) = delete;

  // False: the server has closed, or takes no more for a second.
  bool send(std::string_view bytes);
  // Nothing more comes from here, though answers may be read.
  void end_sending();
  // What has come, as soon as it contains `mark`, the server has closed, or the time is up; taken out up to the end
  // of the mark.
  std::string read_until(std::string_view mark, Milliseconds timeout = Milliseconds(5000));
  // One answer, by its Content-Length; header and body. Empty: none came.
  std::string read_answer(bool with_body = true);
  // Everything up to the end.
  std::string read_to_end(Milliseconds timeout = Milliseconds(5000));
  // The server has closed, by then; what comes before that is thrown away.
  bool closed_within(Milliseconds timeout);

 private:
  // False: the end, or nothing by then.
  bool read_more(std::chrono::steady_clock::time_point until);

  int socket_ = -1;
  std::string received_;
  bool ended_ = false;
};

}  // namespace braid::test
