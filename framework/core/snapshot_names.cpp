#include <braid/snapshot.hpp>

namespace braid {

std::string_view name_of(WorkState state) {
  switch (state) {
    case WorkState::running:
      return "running";
    case WorkState::ticket:
      return "ticket";
    case WorkState::letters:
      return "letters";
    case WorkState::retry:
      return "retry";
    case WorkState::queued:
      return "queued";
    case WorkState::hook:
      return "hook";
    case WorkState::farewell:
      break;
  }
  return "farewell";
}

std::string_view name_of(PartitionStage stage) {
  switch (stage) {
    case PartitionStage::reading_position:
      return "reading_position";
    case PartitionStage::waiting_for_jobs:
      return "waiting_for_jobs";
    case PartitionStage::running:
      return "running";
    case PartitionStage::ending:
      break;
  }
  return "ending";
}

std::string_view name_of(ConnectionState state) {
  switch (state) {
    case ConnectionState::looking_for_broker:
      return "looking_for_broker";
    case ConnectionState::running:
      return "running";
    case ConnectionState::quieting:
      return "quieting";
    case ConnectionState::quiet:
      return "quiet";
    case ConnectionState::away:
      return "away";
    case ConnectionState::rebalancing:
      return "rebalancing";
    case ConnectionState::draining:
      return "draining";
    case ConnectionState::leaving:
      return "leaving";
    case ConnectionState::ended:
      return "ended";
    case ConnectionState::silent:
      break;
  }
  return "silent";
}

std::string_view name_of(ApplicationState state) {
  switch (state) {
    case ApplicationState::idle:
      return "idle";
    case ApplicationState::running:
      return "running";
    case ApplicationState::quieting:
      return "quieting";
    case ApplicationState::quiet:
      return "quiet";
    case ApplicationState::stopping:
      return "stopping";
    case ApplicationState::stopped:
      break;
  }
  return "stopped";
}

}  // namespace braid
