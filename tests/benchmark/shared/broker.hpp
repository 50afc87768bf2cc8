#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace braid::benchmarks {

// What the benchmark reads from: real Kafka, where it can be had, else the embedded cluster.
class Broker {
 public:
  virtual ~Broker() = default;
  [[nodiscard]] virtual std::string bootstrap() const = 0;
  // For RESULT lines: "kafka-4.1.2", "embedded".
  [[nodiscard]] virtual std::string name() const = 0;
  // How many messages of that size, key included, one partition holds without loss.
  [[nodiscard]] virtual std::uint64_t capacity(std::uint64_t bytes_per_message) const = 0;
  // What its consumers should be set up with besides.
  [[nodiscard]] virtual std::map<std::string, std::string> consumer_settings() const = 0;
  // Not the embedded cluster.
  [[nodiscard]] virtual bool real() const = 0;
  virtual void create_topic(const std::string& topic, int partitions = 1) = 0;
  // So that a long run's topics don't fill the disk.
  virtual void delete_topic(const std::string& topic) = 0;
};

// Starts one; says on the standard output why it is not real Kafka, where it is not. With an address, uses what is
// there.
std::unique_ptr<Broker> start_broker(const std::string& bootstrap);

struct Filling {
  std::uint64_t messages = 0;
  std::uint32_t payload_bytes = 100;
  std::uint32_t keys = 10'000;
  int partitions = 1;  // message i goes to partition i modulo this
  // The number NNNNN of message i's key, below 100,000. Not set: one of `keys` by chance, in every run the same.
  std::function<std::uint32_t(std::uint64_t)> key_of{};
};
// Writes the messages, in big batches without compression; key `user-NNNNN`. Throws
// std::runtime_error unless the broker has acknowledged every one of them.
void fill(const std::string& bootstrap, const std::string& topic, const Filling& filling);

// Bytes of a message's key.
inline constexpr std::uint32_t kKeyBytes = 10;

}  // namespace braid::benchmarks
