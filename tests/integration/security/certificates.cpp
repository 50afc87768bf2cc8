#include "integration/security/certificates.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace braid::integration {
namespace {

constexpr const char* kNewKey = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

std::optional<std::string> Certificates::available() {
  if (std::system("openssl version >/dev/null 2>&1") == 0) return std::nullopt;
  return "no command openssl, which makes the certificates";
}

Certificates::Certificates() {
  std::string folder = (std::filesystem::temp_directory_path() / "braid-certificates-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error(folder + ": " + std::strerror(errno));
  folder_ = folder;
}

Certificates::~Certificates() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

// All names are this file's own, so the shell has nothing to misunderstand.
void Certificates::openssl(const std::string& arguments) const {
  const std::string command = "cd '" + folder_.string() + "' && openssl " + arguments + " >>log 2>&1 </dev/null";
  if (std::system(command.c_str()) != 0)
    throw std::runtime_error("openssl " + arguments + ":\n" + text_of(file("log")));
}

std::string Certificates::authority(const std::string& name) {
  openssl(
      fmt::format("req -x509 {0} -keyout {1}.key -out {1}.pem -days 2 -subj '/CN={1} authority'", kNewKey, name));
  return file(name + ".pem");
}

std::string Certificates::server(const std::string& name, const std::string& authority, int days) {
  openssl(fmt::format("req -new {0} -keyout {1}.key -out {1}.csr -subj /CN=127.0.0.1", kNewKey, name));
  std::ofstream(file("extensions")) << "subjectAltName=IP:127.0.0.1\n";
  openssl(
      fmt::format("x509 -req -in {0}.csr -CA {1}.pem -CAkey {1}.key -CAcreateserial -days {2} "
                  "-extfile extensions -out {0}.crt",
                  name, authority, days));
  std::ofstream(file(name + ".pem")) << text_of(file(name + ".key")) << text_of(file(name + ".crt"));
  return file(name + ".pem");
}

}  // namespace braid::integration
