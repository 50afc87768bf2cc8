#include "recovery_rules.hpp"
#include "text.hpp"

#include <braid/routing/topic_pattern.hpp>

#include <map>
#include <set>
#include <string_view>

namespace braid::routing {

namespace {

using ByName = std::map<std::string_view, const Topic*>;

// The topic of the group that this one's dead letters go to; nullptr where they leave the group.
const Topic* next_of(const Topic& topic, const ByName& topics) {
  if (topic.dead_letters.to != DeadLetters::To::topic) return nullptr;
  const Topic* next = nullptr;
  if (const auto named = topics.find(topic.dead_letters.topic); named != topics.end()) {
    next = named->second;
  } else {
    for (const auto& [name, other] : topics) {
      if (other->is_pattern && TopicPattern(other->name).matches(topic.dead_letters.topic)) next = other;
    }
  }
  // Its own topic is another mistake, told as such.
  return next == &topic ? nullptr : next;
}

// From a topic on until it comes again; empty if it never does.
std::vector<const Topic*> circle_from(const Topic& first, const ByName& topics) {
  std::vector<const Topic*> circle{&first};
  while (circle.size() <= topics.size()) {
    const Topic* next = next_of(*circle.back(), topics);
    if (next == nullptr) return {};
    if (next == &first) return circle;
    circle.push_back(next);
  }
  return {};  // it leads into a circle, and is not of it
}

}  // namespace

std::vector<DeadLetterCircle> dead_letter_circles(const ConsumerGroup& group) {
  ByName topics;
  std::vector<const Topic*> in_order;
  for (const SubscriptionGroup& each : group.subscription_groups) {
    for (const Topic& topic : each.topics) {
      if (topics.try_emplace(topic.name, &topic).second) in_order.push_back(&topic);
    }
  }
  std::vector<DeadLetterCircle> circles;
  std::set<const Topic*> told;
  for (const Topic* first : in_order) {
    if (told.contains(first)) continue;
    const std::vector<const Topic*> circle = circle_from(*first, topics);
    if (circle.empty()) continue;
    std::string way;
    for (const Topic* topic : circle) way += quoted(topic->name) + " -> ";
    told.insert(circle.begin(), circle.end());
    circles.push_back({.topic = first,
                       .message = "dead letters of this consumer group go in a circle: " + way +
                                  quoted(first->name) + "; let those of one of them go elsewhere"});
  }
  return circles;
}

}  // namespace braid::routing
