#pragma once

#include <filesystem>
#include <string>

namespace braid::routing {

// A whole file, or why not (`reason` not empty). Blocks on the disk: the one place of this component that does.
struct FileText {
  std::string text{};
  std::string reason{};
};
[[nodiscard]] FileText read_file(const std::filesystem::path& path);

}  // namespace braid::routing
