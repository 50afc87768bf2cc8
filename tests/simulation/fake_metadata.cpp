#include "simulation/fake_metadata.hpp"

#include "core/offsets/gap_codec.hpp"

#include <braid/offset.hpp>

namespace braid::simulation {

std::set<std::int64_t> told_done(std::string_view metadata, std::int64_t position) {
  std::set<std::int64_t> offsets;
  for (const core::OffsetRange range : core::decode_gaps(metadata, CommitPosition{position}).done) {
    for (std::int64_t offset = range.first.value; offset <= range.last.value; ++offset) offsets.insert(offset);
  }
  return offsets;
}

bool covers(std::int64_t position, std::string_view metadata, std::int64_t offset) {
  return offset < position || told_done(metadata, position).contains(offset);
}

std::string damaged(Random& random, std::string metadata, const std::string& older) {
  if (metadata.empty()) return "left by another program";
  switch (random.below(4)) {
    case 0:
      metadata[random.below(metadata.size())] ^= static_cast<char>(1U << random.below(7));
      return metadata;
    case 1:
      return metadata.erase(random.below(metadata.size()), 1 + random.below(5));
    case 2:
      return older;
    default:
      return "left by another program";
  }
}

}  // namespace braid::simulation
