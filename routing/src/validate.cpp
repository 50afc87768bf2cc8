#include "connection_rules.hpp"
#include "kafka_rules.hpp"
#include "limits.hpp"
#include "recovery_rules.hpp"
#include "text.hpp"
#include "topic_rules.hpp"

#include <braid/routing/secrets.hpp>
#include <braid/routing/topic_pattern.hpp>
#include <braid/routing/validate.hpp>

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace braid::routing {

namespace {

// What is being judged: its address and places.
template <class Element>
struct At {
  const Element& element;
  std::string address;
};

// Collects; walks the tree once. Thread: the caller's.
class Validator {
 public:
  std::vector<Problem> run(const Routes& routes) {
    if (routes.consumer_groups.empty()) {
      problems_.push_back({.message = "there must be at least one consumer group"});
    }
    std::set<std::string_view> ids;
    std::size_t number = 0;
    for (const ConsumerGroup& group : routes.consumer_groups) {
      check(At<ConsumerGroup>{group, part(group.id, "consumer group", ++number)}, ids);
    }
    return std::move(problems_);
  }

 private:
  static std::string part(const std::string& id, std::string_view kind, std::size_t number) {
    if (!id.empty()) return printable(id);
    return "(" + std::string(kind) + " " + std::to_string(number) + ")";
  }

  template <class Element>
  void add(const At<Element>& at, std::string_view option, std::string message) {
    const auto place = at.element.option_locations.find(option);
    const auto& location = place == at.element.option_locations.end() ? at.element.location : place->second;
    problems_.push_back({.address = at.address, .location = location, .message = std::move(message)});
  }

  void check(const At<ConsumerGroup>& at, std::set<std::string_view>& ids) {
    const ConsumerGroup& group = at.element;
    check_name(at, "id", group.id);
    if (!group.id.empty() && !ids.insert(group.id).second) {
      add(at, "id", "id " + quoted(group.id) + " is used by another consumer group already");
    }
    check_kafka(at, nullptr);
    check_retries(at, group.retries, nullptr);
    if (group.subscription_groups.empty()) {
      add(at, "subscription_groups", "there must be at least one subscription group or topic");
    }
    std::set<std::string_view> subscription_group_ids;
    std::set<std::string_view> topics;
    std::size_t number = 0;
    for (const SubscriptionGroup& each : group.subscription_groups) {
      check({each, at.address + " / " + part(each.id, "subscription group", ++number)}, group,
            subscription_group_ids, topics);
    }
  }

  void check(const At<SubscriptionGroup>& at, const ConsumerGroup& parent, std::set<std::string_view>& ids,
             std::set<std::string_view>& topics) {
    const SubscriptionGroup& group = at.element;
    if (group.id.empty()) add(at, "id", "id must not be empty");
    if (!group.id.empty() && !ids.insert(group.id).second) {
      add(at, "id",
          "id " + quoted(group.id) + " is used by another subscription group of this consumer group already");
    }
    for (Breach& breach : breaches(group.connections)) add(at, breach.option, std::move(breach.message));
    if (group.max_concurrency) check_range(at, "max_concurrency", *group.max_concurrency, kMaxConcurrency);
    check_kafka(at, &parent.kafka);
    check_retries(at, group.retries, &parent.retries);
    if (group.topics.empty()) add(at, "topics", "there must be at least one topic");
    const std::vector<DeadLetterCircle> circles = dead_letter_circles(parent);
    std::size_t number = 0;
    for (const Topic& topic : group.topics) {
      const At<Topic> topic_at{topic, at.address + " / " + part(topic.name, "topic", ++number)};
      check(topic_at, topics);
      check_kafka(topic_at, &group.kafka);
      check_retries(topic_at, topic.retries, &group.retries);
      for (const DeadLetterCircle& circle : circles) {
        if (circle.topic == &topic) add(topic_at, "dead_letter.topic", circle.message);
      }
      check_shared_client(topic_at, group.topics.front());
    }
  }

  void check(const At<Topic>& at, std::set<std::string_view>& topics) {
    const Topic& topic = at.element;
    if (topic.is_pattern) {
      check_pattern(at);
    } else {
      check_name(at, "name", topic.name);
    }
    if (!topic.name.empty() && !topics.insert(topic.name).second) {
      add(at, "name", "topic " + quoted(topic.name) + " is in this consumer group already");
    }
    if (!topic.consumer) add(at, "consumer", "there must be a consumer");
    if (topic.consumer && topic.consumer_name.empty()) add(at, "consumer", "the consumer must have a name");
    for (Breach& breach : breaches(topic)) add(at, breach.option, std::move(breach.message));
  }

  void check_pattern(const At<Topic>& at) {
    const TopicPattern pattern(at.element.name);
    if (!pattern.error().empty()) {
      add(at, "matching", "matching: " + quoted(at.element.name) + ": " + pattern.error());
      return;
    }
    const DeadLetters& letters = at.element.dead_letters;
    if (letters.to == DeadLetters::To::topic && pattern.matches(letters.topic)) {
      add(at, "dead_letter.topic",
          "dead_letter.topic " + quoted(letters.topic) + " matches " + quoted(at.element.name) +
              ", so that dead letters would come back at once; name another topic, or "
              "let the pattern leave it out");
    }
  }

  template <class Element>
  void check_name(const At<Element>& at, std::string_view option, const std::string& name) {
    if (std::string wrong = illegal_name(option, name); !wrong.empty()) add(at, option, std::move(wrong));
  }

  template <class Element>
  void check_range(const At<Element>& at, std::string_view option, std::uint32_t value,
                   Range<std::uint32_t> range) {
    const std::string text = std::to_string(value);
    if (value < range.least) add(at, option, too_small(option, std::to_string(range.least), text));
    if (value > range.most) add(at, option, too_large(option, std::to_string(range.most), text));
  }

  // A setting is refused once, where it is set: what is as in `inherited` came from above.
  template <class Element>
  void check_kafka(const At<Element>& at, const KafkaSettings* inherited) {
    for (const auto& [name, value] : at.element.kafka) {
      if (inherited != nullptr) {
        const auto above = inherited->find(name);
        if (above != inherited->end() && above->second == value) continue;
      }
      if (std::string why = refusal(name); !why.empty()) add(at, "kafka." + name, std::move(why));
    }
  }

  // As with Kafka settings: once, where they are set.
  template <class Element>
  void check_retries(const At<Element>& at, const std::optional<Retries>& retries,
                     const std::optional<Retries>* inherited) {
    if (!retries || (inherited != nullptr && *inherited && same(*retries, **inherited))) return;
    for (Breach& breach : retries_breaches(*retries)) add(at, breach.option, std::move(breach.message));
  }

  // The topics of a subscription group share its clients, so they can't differ in the clients' settings.
  void check_shared_client(const At<Topic>& at, const Topic& first) {
    const auto value_in = [](const KafkaSettings& settings, const std::string& name) {
      const auto place = settings.find(name);
      return place == settings.end() ? std::string("not set") : quoted(shown(name, place->second));
    };
    const auto add_difference = [&](const std::string& name) {
      add(at, "kafka." + name,
          "kafka setting " + quoted(name) + " is " + value_in(at.element.kafka, name) + " here, but " +
              value_in(first.kafka, name) + " in topic " + quoted(first.name) +
              ", which shares the client; put this topic into its own subscription group");
    };
    for (const auto& [name, value] : at.element.kafka) {
      const auto other = first.kafka.find(name);
      if (other == first.kafka.end() || other->second != value) add_difference(name);
    }
    for (const auto& [name, value] : first.kafka) {
      if (!at.element.kafka.contains(name)) add_difference(name);
    }
  }

  std::vector<Problem> problems_;
};

}  // namespace

std::vector<Problem> validate(const Routes& routes) {
  return Validator().run(routes);
}

void require_valid(const Routes& routes) {
  if (auto problems = validate(routes); !problems.empty()) throw InvalidRoutes(std::move(problems));
}

}  // namespace braid::routing
