#pragma once

#include <braid/message.hpp>
#include <braid/offset.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace braid::core {

// Where a virtual partition's share of a batch lies.
struct ShareSpan {
  VirtualPartitionIndex virtual_partition;
  std::uint32_t begin = 0;
  std::uint32_t count = 0;  // at least 1
  friend constexpr bool operator==(const ShareSpan&, const ShareSpan&) = default;
};

// Lays a batch out so that each virtual partition's share is one span. Thread: the listener's; one can serve all of
// its partitions, as nothing but scratch memory is kept between calls.
//
// A counting sort: O(messages + virtual partitions with messages), with a residue of max_partitions / 4096 steps,
// since batches of one message over 10,000 virtual partitions must not pay for all of them. Allocates only when a
// number of virtual partitions or of shares is larger than any before.
class Splitter {
 public:
  // out gets the messages, grouped by virtual partition, within one in the order of `in`; shares gets the spans of
  // out, ascending by virtual partition, and loses what it had. indexes[i] belongs to in[i]. Requires indexes below
  // max_partitions, as much room in indexes and out as in `in`, and that out is not `in`.
  void split(std::span<const Message> in, std::span<const std::uint32_t> indexes, std::uint32_t max_partitions,
             std::span<Message> out, std::vector<ShareSpan>& shares);

 private:
  void prepare(std::uint32_t max_partitions);
  void touch(std::uint32_t index);
  void collect(std::vector<ShareSpan>& shares);

  // Between calls all of these are 0. While splitting, counts_ first counts each share's messages, and then says
  // where its next one goes.
  std::vector<std::uint32_t> counts_;
  // Which counts are not 0, a bit for each, and which words of that are not 0: finds the used ones in order,
  // without a sort and without looking at the others.
  std::vector<std::uint64_t> used_;
  std::vector<std::uint64_t> used_words_;
};

}  // namespace braid::core
