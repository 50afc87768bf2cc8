#include "integration/faults/process_figures.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace braid::faults {

namespace fs = std::filesystem;

ProcessFigures ProcessFigures::of(pid_t process) {
  ProcessFigures figures;
  const fs::path folder = "/proc/" + std::to_string(process);
  std::ifstream status(folder / "status");
  for (std::string word; status >> word;) {
    if (word == "Threads:") status >> figures.threads;
    if (word == "VmRSS:") status >> figures.resident_kb;
  }
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder / "fd", ignored)) {
    const std::string target = fs::read_symlink(entry.path(), ignored).string();
    ++(target.starts_with("socket:") ? figures.sockets : figures.files);
  }
  return figures;
}

std::ostream& operator<<(std::ostream& out, const ProcessFigures& figures) {
  return out << figures.threads << " threads, " << figures.files << " files, " << figures.sockets << " sockets, "
             << figures.resident_kb << " KiB resident";
}

}  // namespace braid::faults
