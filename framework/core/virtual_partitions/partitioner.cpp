#include "core/virtual_partitions/partitioner.hpp"

namespace braid::core {

void note_partitioner_error(PartitionerReport& report, Offset offset, std::string_view subject,
                            std::string_view text) {
  constexpr std::size_t kTextMax = 256;  // what() is the user's and may quote a whole payload
  report.errors += 1;
  if (report.errors > 1) return;
  report.first_error_offset = offset;
  report.first_error_text.append(subject).append(": ").append(text);
  if (report.first_error_text.size() > kTextMax) report.first_error_text.resize(kTextMax);
}

}  // namespace braid::core
