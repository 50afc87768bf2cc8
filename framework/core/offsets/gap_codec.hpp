#pragma once

#include "core/offsets/offset_ledger.hpp"
#include "core/offsets/partition_offsets.hpp"

#include <braid/offset.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// The metadata of a commit: which offsets beyond the position are done, and a text of the user's, in ASCII.
//
//   braid1:CCCCCCgdgdgd...:text
//   |      |     |         | the user's, printable; with its colon left out when empty
//   |      |     | numbers in turn, from the position on: offsets not done, offsets done, offsets not done, ...
//   |      | 36 bits of XXH3, seeded with the position, of all that follows
//   | magic word and version
//
// A number is written in digits of the base64url alphabet, lowest first: 5 bits of it each, and as 6th bit whether
// more follow. No number is 0 but the first, when the position itself is done. Any prefix of the pairs is true as
// well, so what has no room is left out at the tail; the checksum refuses what was cut by others, damaged, or moved
// to another position.
//
// Thread: any; pure.

namespace braid::core {

// As much of `done` as fits into `most` bytes with the whole of `user_text`; nothing when there is nothing to tell.
// `done`: ascending, apart, from the position on. Requires is_user_text(user_text, most). O(bytes written).
[[nodiscard]] std::string encode_gaps(CommitPosition position, std::span<const OffsetRange> done,
                                      std::string_view user_text, std::size_t most);

// The same of what is done there, as it goes with its position. Requires one.
[[nodiscard]] std::string encode_gaps(const PartitionOffsets& offsets, std::string_view user_text,
                                      std::size_t most);

// Whether it may ride along: printable ASCII (space to tilde), and not too long for `most` bytes in all.
[[nodiscard]] bool is_user_text(std::string_view text, std::size_t most);

// No range comes from beyond these, whatever the text says.
struct GapLimits {
  std::size_t max_window = OffsetLedger::kMaxWindowDefault;  // from the position on
  std::optional<CommitPosition> log_end;                     // if known
};

struct DecodedGaps {
  enum class Verdict : std::uint8_t {
    good,     // also: nothing was stored
    foreign,  // not ours, or of a version that we don't know
    corrupt,  // ours, but damaged or not of this position
  };
  Verdict verdict = Verdict::good;
  std::vector<OffsetRange> done;  // ascending, apart, from the position on; empty unless good
  std::string user_text;          // empty unless good
};

// O(text). Never more ranges than half the text's bytes.
[[nodiscard]] DecodedGaps decode_gaps(std::string_view text, CommitPosition position, const GapLimits& limits = {});

}  // namespace braid::core
