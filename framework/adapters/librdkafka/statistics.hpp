#pragma once

#include <braid/result.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace braid::events {
struct ClientMeasured;
}

// What librdkafka says of a client now and then, as JSON. Thread: any.

namespace braid::adapters {

// What of it becomes of a client's statistics.
struct StatisticsOptions {
  // How often; 0: as the user's setting statistics.interval.ms says, which wins anyway.
  std::chrono::milliseconds each{};
  // Called with the text, on the thread that serves the client; quick. None: nobody wants any.
  std::function<void(std::string)> hear{};
};

// For librdkafka's callbacks: passes a copy on, and lets the library free its own. Nothing is thrown.
int pass_on(const std::function<void(std::string)>& hear, std::string_view json) noexcept;

// An error where it is not of the form that librdkafka documents (STATISTICS.md). What a version does not tell is
// 0. Takes its time: not for threads that have others to serve.
[[nodiscard]] Result<events::ClientMeasured> read_statistics(std::string_view json);

}  // namespace braid::adapters
