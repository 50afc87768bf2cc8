#include "core/virtual_partitions/splitter.hpp"

#include "core/assert.hpp"

#include <bit>
#include <cstddef>
#include <limits>
#include <utility>

namespace braid::core {
namespace {

// Calls visit(number of the bit) for each bit of a word that is set, ascending, and clears the word.
template <class Visit>
void take_bits(std::uint64_t& word, std::size_t word_number, Visit&& visit) {
  for (std::uint64_t bits = std::exchange(word, 0); bits != 0; bits &= bits - 1) {
    visit(word_number * 64 + static_cast<std::size_t>(std::countr_zero(bits)));
  }
}

}  // namespace

void Splitter::split(std::span<const Message> in, std::span<const std::uint32_t> indexes,
                     std::uint32_t max_partitions, std::span<Message> out, std::vector<ShareSpan>& shares) {
  BRAID_ASSERT(indexes.size() >= in.size(), "each message needs its index");
  BRAID_ASSERT(out.size() >= in.size(), "each message needs room");
  BRAID_ASSERT(in.size() <= std::numeric_limits<std::uint32_t>::max(), "shares count in 32 bits");
  BRAID_ASSERT(in.empty() || in.data() != out.data(), "messages can't be laid out over themselves");
  prepare(max_partitions);
  shares.clear();

  for (std::size_t i = 0; i < in.size(); ++i) {
    const std::uint32_t index = indexes[i];
    BRAID_ASSERT(index < max_partitions, "an index of a virtual partition is below max_partitions");
    if (counts_[index]++ == 0) touch(index);
  }
  collect(shares);
  for (std::size_t i = 0; i < in.size(); ++i) out[counts_[indexes[i]]++] = in[i];
  for (const ShareSpan& share : shares) counts_[share.virtual_partition.value] = 0;
}

void Splitter::prepare(std::uint32_t max_partitions) {
  if (counts_.size() >= max_partitions) return;
  counts_.resize(max_partitions);
  used_.resize(counts_.size() / 64 + 1);
  used_words_.resize(used_.size() / 64 + 1);
}

void Splitter::touch(std::uint32_t index) {
  used_[index / 64] |= std::uint64_t{1} << (index % 64);
  used_words_[index / 4096] |= std::uint64_t{1} << (index / 64 % 64);
}

void Splitter::collect(std::vector<ShareSpan>& shares) {
  std::uint32_t begin = 0;
  for (std::size_t i = 0; i < used_words_.size(); ++i) {
    take_bits(used_words_[i], i, [&](std::size_t word) {
      take_bits(used_[word], word, [&](std::size_t index) {
        const std::uint32_t count = std::exchange(counts_[index], begin);
        shares.push_back({{static_cast<std::uint32_t>(index)}, begin, count});
        begin += count;
      });
    });
  }
}

}  // namespace braid::core
