#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace braid::integration {

// Certificates of our own, in a temporary folder, by the command openssl; gone with this object. Thread: any one.
class Certificates {
 public:
  // Why there can be none on this machine; empty when there can.
  static std::optional<std::string> available();

  Certificates();
  ~Certificates();
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;

  // An authority; its certificate's file, for ssl.ca.location.
  [[nodiscard]] std::string authority(const std::string& name);
  // A server's key and certificate for 127.0.0.1 in one file, as Kafka reads PEM keystores; signed by an authority
  // made before. With `days` below 0 it has expired.
  [[nodiscard]] std::string server(const std::string& name, const std::string& authority, int days = 2);

 private:
  void openssl(const std::string& arguments) const;
  [[nodiscard]] std::string file(const std::string& name) const { return (folder_ / name).string(); }

  std::filesystem::path folder_;
};

}  // namespace braid::integration
