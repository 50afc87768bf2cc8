#include "snapshot_json.hpp"

#include "json_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace braid::ops {

namespace {

namespace json = boost::json;

json::value text(std::string_view text) {
  return json::value(json::string(valid_utf8(text)));
}

template <class T>
json::value if_known(const std::optional<T>& value) {
  return value ? json::value(*value) : json::value(nullptr);
}

json::value if_known(const std::optional<std::string>& value) {
  return value ? text(*value) : json::value(nullptr);
}

json::value if_known(const std::optional<std::chrono::milliseconds>& value) {
  return value ? json::value(value->count()) : json::value(nullptr);
}

json::value offset_if_known(std::int64_t offset) {
  return offset < 0 ? json::value(nullptr) : json::value(offset);
}

json::object work_object(const WorkSnapshot& work) {
  return {
      {"virtual_partition", work.virtual_partition},
      {"state", text(name_of(work.state))},
      {"messages", work.messages},
      {"queued", work.queued},
      {"first_offset", offset_if_known(work.first_offset)},
      {"last_offset", offset_if_known(work.last_offset)},
      {"key", if_known(work.key)},
      {"running_for_ms", if_known(work.running_for)},
      {"retry_in_ms", if_known(work.retry_in)},
      {"thread", work.thread == 0 ? json::value(nullptr) : json::value(work.thread)},
  };
}

// A partition, and whose it is.
struct Place {
  const ConnectionSnapshot* connection = nullptr;
  const PartitionSnapshot* partition = nullptr;
};

json::object place_object(const Place& place) {
  return {
      {"consumer_group", text(place.connection->consumer_group)},
      {"topic", text(place.partition->topic)},
      {"partition", place.partition->partition},
  };
}

json::object partition_object(const Place& place) {
  const PartitionSnapshot& partition = *place.partition;
  json::object object = place_object(place);
  const json::object rest{
      {"connection", text(place.connection->name)},
      {"generation", partition.generation},
      {"stage", text(name_of(partition.stage))},
      {"held", partition.held},
      {"committed", if_known(partition.committed)},
      {"position", if_known(partition.position)},
      {"taken_to", if_known(partition.taken_to)},
      {"end", if_known(partition.end)},
      {"committed_lag", if_known(partition.committed_lag)},
      {"processed_lag", if_known(partition.processed_lag)},
      {"oldest_open", if_known(partition.oldest_open)},
      {"oldest_open_age_ms", if_known(partition.oldest_open_age)},
      {"highest_done", if_known(partition.highest_done)},
      {"open", partition.open},
      {"waiting", partition.waiting},
      {"fetched", partition.fetched},
      {"parked", partition.parked},
      {"letters", partition.letters},
      {"bytes_held", partition.bytes_held},
      {"jobs_waiting", partition.jobs_waiting},
      {"has_room", partition.has_room},
      {"waits_for_commit", partition.waits_for_commit},
      {"full_queue", if_known(partition.full_queue)},
      {"filtered_for_ms", if_known(partition.filtered_for)},
      {"max_virtual_partitions", partition.max_virtual_partitions},
      {"with_work", partition.work.size() + partition.work_left_out},
  };
  object.insert(rest.begin(), rest.end());
  return object;
}

std::vector<Place> places_of(const ApplicationSnapshot& snapshot, const Selection& selection = {}) {
  std::vector<Place> places;
  for (const ConnectionSnapshot& connection : snapshot.connections) {
    for (const PartitionSnapshot& partition : connection.partitions) {
      if (selection.topic && partition.topic != *selection.topic) continue;
      if (selection.partition && partition.partition != *selection.partition) continue;
      places.push_back({&connection, &partition});
    }
  }
  std::ranges::sort(places, {}, [](const Place& place) {
    return std::tie(place.partition->topic, place.connection->consumer_group, place.partition->partition);
  });
  return places;
}

json::array work_array(const PartitionSnapshot& partition) {
  json::array array;
  array.reserve(partition.work.size());
  for (const WorkSnapshot& work : partition.work) array.push_back(work_object(work));
  return array;
}

json::object measured_object(const Measured& measured) {
  return {{"last", measured.last}, {"mean", measured.mean}, {"most", measured.most}};
}

json::object topic_object(const TopicFigures& topic) {
  return {
      {"consumer_group", text(topic.consumer_group)},
      {"topic", text(topic.topic)},
      {"batches", topic.batches},
      {"virtual_partitions_used", measured_object(topic.virtual_partitions_used)},
      {"largest_share", measured_object(topic.largest_share)},
      {"mean_share_last", topic.mean_share_last},
      {"mean_share", topic.mean_share},
      {"virtual_partitions_queued", topic.virtual_partitions_queued},
      {"messages_queued", topic.messages_queued},
      {"longest_queue", topic.longest_queue},
      {"jobs_waiting", topic.jobs_waiting},
  };
}

json::object figures_object(const Figures& figures) {
  return {
      {"messages_taken", figures.messages_taken},
      {"messages_done", figures.messages_done},
      {"messages_stale", figures.messages_stale},
      {"messages_done_before", figures.messages_done_before},
      {"messages_filtered", figures.messages_filtered},
      {"offset_jumps", figures.offset_jumps},
      {"messages_copied", figures.messages_copied},
      {"batches", figures.batches},
      {"attempts_failed", figures.attempts_failed},
      {"messages_dropped", figures.messages_dropped},
      {"retries", figures.retries},
      {"messages_skipped", figures.messages_skipped},
      {"dead_letters", figures.dead_letters},
      {"dead_letters_failed", figures.dead_letters_failed},
      {"messages_parked", figures.messages_parked},
      {"commits", figures.commits},
      {"commits_failed", figures.commits_failed},
      {"assignments", figures.assignments},
      {"revocations", figures.revocations},
      {"seeks", figures.seeks},
      {"connections", figures.connections},
      {"connection_restarts", figures.connection_restarts},
      {"jobs_running", figures.jobs_running},
      {"jobs_running_max", figures.jobs_running_max},
  };
}

json::value moment(std::chrono::system_clock::time_point at) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
}

json::object application_object(const ApplicationSnapshot& snapshot) {
  json::array topics;
  for (const TopicFigures& topic : snapshot.topics) topics.push_back(topic_object(topic));
  return {
      {"taken_at_ms", moment(snapshot.taken_at)},
      {"state", text(name_of(snapshot.state))},
      {"failure", if_known(snapshot.failure)},
      {"client_id", text(snapshot.client_id)},
      {"concurrency", snapshot.concurrency},
      {"figures", figures_object(snapshot.figures)},
      {"topics", std::move(topics)},
  };
}

json::array connections_array(const ApplicationSnapshot& snapshot) {
  json::array connections;
  for (const ConnectionSnapshot& connection : snapshot.connections) {
    json::array partitions;
    for (const PartitionSnapshot& partition : connection.partitions) {
      partitions.push_back(json::object{{"topic", text(partition.topic)}, {"partition", partition.partition}});
    }
    connections.push_back(json::object{
        {"name", text(connection.name)},
        {"state", text(name_of(connection.state))},
        {"consumer_group", text(connection.consumer_group)},
        {"subscription_group", text(connection.subscription_group)},
        {"jobs_waiting", connection.jobs_waiting},
        {"partitions", std::move(partitions)},
        {"earlier_jobs", connection.earlier.size()},
    });
  }
  return connections;
}

std::string line(const json::object& object) {
  return json::serialize(object) + '\n';
}

bool in_user_code(WorkState state) {
  return state == WorkState::running || state == WorkState::ticket || state == WorkState::hook ||
         state == WorkState::farewell;
}

struct Job {
  json::object object;
  std::chrono::milliseconds running_for{};
};

Job job_of(json::object place, std::uint64_t generation, const WorkSnapshot& work, bool over) {
  place["generation"] = generation;
  place["assignment_is_over"] = over;
  const json::object what = work_object(work);
  place.insert(what.begin(), what.end());
  return {std::move(place), work.running_for.value_or(std::chrono::milliseconds(0))};
}

}  // namespace

std::string application_json(const ApplicationSnapshot& snapshot) {
  return line(application_object(snapshot));
}

std::string connections_json(const ApplicationSnapshot& snapshot) {
  return line({{"taken_at_ms", moment(snapshot.taken_at)}, {"connections", connections_array(snapshot)}});
}

std::string partitions_json(const ApplicationSnapshot& snapshot, const Selection& selection) {
  json::array partitions;
  for (const Place& place : places_of(snapshot, selection)) partitions.push_back(partition_object(place));
  return line({{"taken_at_ms", moment(snapshot.taken_at)}, {"partitions", std::move(partitions)}});
}

std::string virtual_partitions_json(const ApplicationSnapshot& snapshot, const Selection& selection) {
  json::array all;
  std::uint64_t left_out = 0;
  for (const Place& place : places_of(snapshot, selection)) {
    left_out += place.partition->work_left_out;
    for (const WorkSnapshot& work : place.partition->work) {
      json::object object = place_object(place);
      const json::object what = work_object(work);
      object.insert(what.begin(), what.end());
      all.push_back(std::move(object));
    }
  }
  return line(
      {{"taken_at_ms", moment(snapshot.taken_at)}, {"virtual_partitions", std::move(all)}, {"left_out", left_out}});
}

std::string jobs_json(const ApplicationSnapshot& snapshot) {
  std::vector<Job> jobs;
  for (const Place& place : places_of(snapshot)) {
    for (const WorkSnapshot& work : place.partition->work) {
      if (!in_user_code(work.state)) continue;
      jobs.push_back(job_of(place_object(place), place.partition->generation, work, false));
    }
  }
  for (const ConnectionSnapshot& connection : snapshot.connections) {
    for (const auto& earlier : connection.earlier) {
      json::object place{{"consumer_group", text(connection.consumer_group)},
                         {"topic", text(earlier.topic)},
                         {"partition", earlier.partition}};
      jobs.push_back(job_of(std::move(place), earlier.generation, earlier.work, true));
    }
  }
  std::ranges::stable_sort(jobs, std::greater<>{}, &Job::running_for);
  json::array array;
  for (Job& job : jobs) array.push_back(std::move(job.object));
  return line({{"taken_at_ms", moment(snapshot.taken_at)}, {"jobs", std::move(array)}});
}

std::string configuration_json(const ConfigurationSnapshot& configuration) {
  const auto object_of = [](const std::vector<ConfigurationSnapshot::Setting>& settings) {
    json::object object;
    for (const auto& setting : settings) object[valid_utf8(setting.name)] = text(setting.value);
    return object;
  };
  return line({{"settings", object_of(configuration.settings)},
               {"kafka", object_of(configuration.kafka)},
               {"routes", text(configuration.routes)}});
}

std::string live_json(const ApplicationSnapshot& snapshot, std::uint64_t history) {
  json::array partitions;
  for (const Place& place : places_of(snapshot)) {
    json::object object = partition_object(place);
    object["work"] = work_array(*place.partition);
    object["work_left_out"] = place.partition->work_left_out;
    partitions.push_back(std::move(object));
  }
  return json::serialize(json::object{{"application", application_object(snapshot)},
                                      {"connections", connections_array(snapshot)},
                                      {"partitions", std::move(partitions)},
                                      {"history", history}});
}

}  // namespace braid::ops
