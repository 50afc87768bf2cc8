#include "adapters/librdkafka/topic_positions.hpp"

#include "adapters/log/spdlog_log.hpp"

#include <braid/topic_positions.hpp>

namespace braid {

Result<std::vector<PartitionPositions>> topic_positions(const TopicPositionsQuery& query) {
  adapters::SpdlogLog log(engine::LogLevel::error);
  return adapters::topic_positions(query, log);
}

}  // namespace braid
