#include "read_file.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <system_error>

namespace braid::routing {

FileText read_file(const std::filesystem::path& path) {
  constexpr std::size_t kLongest = std::size_t{16} << 20;  // a device would never end
  const auto reason = [](int error) { return "can't be read: " + std::generic_category().message(error); };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file) return {.reason = reason(errno)};
  FileText result;
  std::array<char, 65536> chunk;
  for (;;) {
    const std::size_t count = std::fread(chunk.data(), 1, chunk.size(), file.get());
    result.text.append(chunk.data(), count);
    if (std::ferror(file.get()) != 0) return {.reason = reason(errno)};
    if (result.text.size() > kLongest) return {.reason = "can't be read: it is longer than 16 MiB"};
    if (count == 0) return result;
  }
}

}  // namespace braid::routing
