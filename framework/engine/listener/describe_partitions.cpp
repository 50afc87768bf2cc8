#include "engine/listener/describe_partitions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace braid::engine {

std::string describe_partitions(std::span<const TopicPartition> partitions) {
  std::vector<TopicPartition> sorted(partitions.begin(), partitions.end());
  std::sort(sorted.begin(), sorted.end());
  std::string text;
  for (std::size_t i = 0; i < sorted.size();) {
    const bool new_topic = i == 0 || sorted[i].topic != sorted[i - 1].topic;
    std::size_t last = i;
    while (last + 1 < sorted.size() && sorted[last + 1].topic == sorted[i].topic &&
           sorted[last + 1].partition.value == sorted[last].partition.value + 1) {
      ++last;
    }
    text += new_topic ? fmt::format("{}{} ", i == 0 ? "" : "; ", sorted[i].topic) : ",";
    text += fmt::format("{}", sorted[i].partition.value);
    if (last > i) text += fmt::format("-{}", sorted[last].partition.value);
    i = last + 1;
  }
  return text.empty() ? "none" : text;
}

}  // namespace braid::engine
