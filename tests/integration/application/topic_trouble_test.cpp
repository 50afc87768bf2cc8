// Topics that go, come back, and grow under a running consumer.

#include "integration/application/kafka_fixture.hpp"
#include "integration/application/raw_client.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <sstream>
#include <vector>

namespace braid::integration {
namespace {

using std::chrono::steady_clock;

// By the strategy that partitions are assigned with: cooperative-sticky or range.
class TopicTrouble : public KafkaTest, public ::testing::WithParamInterface<const char*> {
 protected:
  std::string other = unique_name("payments");
  std::optional<KafkaAdmin> admin;

  void SetUp() override {
    KafkaTest::SetUp();
    if (!IsSkipped()) admin.emplace(bootstrap());
  }
  // So that what has happened to a topic is seen soon.
  [[nodiscard]] static Settings quick() {
    Settings now = settings();
    now.kafka["partition.assignment.strategy"] = GetParam();
    now.kafka["topic.metadata.refresh.interval.ms"] = "300";
    return now;
  }
  [[nodiscard]] routing::Routes both() const {
    return routing::draw([&](routing::RoutesBuilder& r) {
      auto group_now = r.consumer_group(group);
      for (const std::string& each : {topic, other}) {
        auto built = group_now.topic(each);
        built.consumer("recording",
                       [r = recorder] { return std::make_unique<application_test::RecordingConsumer>(r); });
      }
    });
  }
  // Payloads are `word` and a number.
  void write(const std::string& to, const std::string& word, int count) const {
    ProducerSettings given;
    given.kafka = {{"bootstrap.servers", bootstrap()}, {"linger.ms", "1"}};
    given.log_level = LogLevel::error;
    Producer producer(given);
    std::atomic<int> failed{0};
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(producer.produce({.topic = to,
                                    .key = "k" + std::to_string(i % 10),
                                    .payload = word + std::to_string(i),
                                    .partition = {},
                                    .headers = {}},
                                   [&](const Delivery& delivery) { failed += delivery.ok() ? 0 : 1; }));
    }
    ASSERT_TRUE(producer.flush(kDeadline));
    ASSERT_EQ(failed, 0);
  }
  [[nodiscard]] std::map<std::string, int> times(const std::string& word) const {
    std::map<std::string, int> all;
    for (const auto& one : recorder->seen()) {
      if (one.payload.starts_with(word)) ++all[one.payload];
    }
    return all;
  }
  [[nodiscard]] bool come(const std::string& word, std::size_t count) const {
    return eventually([&] { return times(word).size() >= count; });
  }
  [[nodiscard]] bool each_once(const std::string& word, std::size_t count) const {
    const auto all = times(word);
    return all.size() == count && std::ranges::all_of(all, [](const auto& one) { return one.second == 1; });
  }
  [[nodiscard]] bool all_committed(const std::string& of) {
    return eventually([&] { return admin->committed(group, of) == admin->end_offsets(of); });
  }
  // Lines at level warning or error with the word.
  [[nodiscard]] std::vector<std::string> complaints(const std::string& about) const {
    std::istringstream all(log.text());
    std::vector<std::string> found;
    for (std::string line; std::getline(all, line);) {
      const bool loud = line.find(" warning ") != std::string::npos || line.find(" error ") != std::string::npos;
      if (loud && line.find(about) != std::string::npos) found.push_back(line);
    }
    return found;
  }
  // The other topic is worked on for so long.
  void work_on(std::chrono::seconds time) {
    const auto until = steady_clock::now() + time;
    for (int round = 0; steady_clock::now() < until; ++round) {
      const std::string word = "w" + std::to_string(worked_++) + "_";
      write(other, word, 50);
      ASSERT_TRUE(come(word, 50));
    }
  }

 private:
  int worked_ = 0;
};

TEST_P(TopicTrouble, ADeletedTopicIsSaidOnceAndTheRestGoesOn) {
  admin->create_topic(topic, 2);
  admin->create_topic(other, 2);
  Application app(quick(), both());
  app.start();
  write(topic, "old", 100);
  write(other, "b", 100);
  ASSERT_TRUE(come("old", 100));
  ASSERT_TRUE(come("b", 100));
  admin->delete_topic(topic);
  ASSERT_TRUE(eventually([&] { return log.count("topic " + topic + " does not exist") > 0; }));
  work_on(5s);
  EXPECT_EQ(complaints("topic " + topic + " does not exist").size(), 1U) << log.text();
  // What was on its way may be refused: once for each topic in it.
  EXPECT_LE(complaints("commit of").size(), 2U) << log.text();
  // With another number of partitions, and none of the old messages.
  admin->create_topic(topic, 3);
  write(topic, "new", 60);
  EXPECT_TRUE(come("new", 60));
  EXPECT_TRUE(all_committed(topic));
  EXPECT_TRUE(all_committed(other));
  EXPECT_TRUE(each_once("new", 60));
  EXPECT_TRUE(app.stop().in_time) << "its client ends too";
}

// The new log is shorter than the positions of the old one, and perhaps nobody has seen that there was none.
TEST_P(TopicTrouble, ATopicThatIsRecreatedAtOnceIsReadFromItsBeginning) {
  admin->create_topic(topic, 3);
  admin->create_topic(other, 2);
  Application app(quick(), both());
  app.start();
  write(topic, "old", 300);
  ASSERT_TRUE(come("old", 300));
  ASSERT_TRUE(all_committed(topic));
  admin->delete_topic(topic);
  ASSERT_TRUE(eventually([&] {
    try {
      admin->create_topic(topic, 1);
      return true;
    } catch (const std::runtime_error&) {
      return false;  // the old one is still being deleted
    }
  }));
  write(topic, "new", 30);  // fewer than any partition had: more could not be told from the old ones
  EXPECT_TRUE(come("new", 30));
  work_on(2s);
  EXPECT_TRUE(all_committed(topic));
  EXPECT_TRUE(each_once("new", 30));
  EXPECT_TRUE(app.stop().in_time);
}

TEST_P(TopicTrouble, PartitionsThatAreAddedAreTakenUp) {
  admin->create_topic(topic, 1);
  admin->create_topic(other, 1);
  Application app(quick(), both());
  app.start();
  write(topic, "old", 100);
  ASSERT_TRUE(come("old", 100));
  grow_topic(bootstrap(), topic, 4);
  ASSERT_TRUE(eventually([&] { return admin->partitions(topic) == 4; }));
  write(topic, "new", 100);
  EXPECT_TRUE(come("new", 100));
  EXPECT_TRUE(all_committed(topic));
  EXPECT_TRUE(each_once("new", 100));
  EXPECT_TRUE(app.stop().in_time);
}

TEST_P(TopicTrouble, TopicsOfAPatternComeAndGo) {
  admin->create_topic(topic, 2);
  const std::string second = topic + ".second";
  const std::string third = topic + ".third";
  admin->create_topic(second, 2);
  Application app(quick(), routing::draw([&](routing::RoutesBuilder& r) {
                    auto built = r.consumer_group(group).topics_matching("^" + topic + "(\\..*)?$");
                    built.consumer("recording", [recorder = recorder] {
                      return std::make_unique<application_test::RecordingConsumer>(recorder);
                    });
                  }));
  app.start();
  write(topic, "a", 50);
  write(second, "b", 50);
  ASSERT_TRUE(come("a", 50));
  ASSERT_TRUE(come("b", 50));
  admin->delete_topic(second);
  ASSERT_TRUE(eventually([&] { return log.count(second + " partition count changed from 2 to 0") > 0; }));
  admin->create_topic(third, 1);
  write(third, "c", 50);
  EXPECT_TRUE(come("c", 50));
  write(topic, "d", 50);
  EXPECT_TRUE(come("d", 50));
  EXPECT_LE(complaints(second).size(), 2U) << log.text();
  admin->create_topic(second, 1);
  write(second, "e", 50);
  EXPECT_TRUE(come("e", 50));
  EXPECT_TRUE(all_committed(topic));
  EXPECT_TRUE(all_committed(third));
  EXPECT_TRUE(all_committed(second));
  for (const char* word : {"a", "c", "d", "e"}) EXPECT_TRUE(each_once(word, 50)) << word;
  EXPECT_TRUE(app.stop().in_time);
}

INSTANTIATE_TEST_SUITE_P(Strategies, TopicTrouble, ::testing::Values("cooperative-sticky", "range"),
                         [](const auto& tested) {
                           return std::string(tested.param) == "range" ? "eager" : "cooperative";
                         });

class StartByAge : public KafkaTest {};

// What a log that is cut leaves behind, and what a new group finds.
TEST_F(StartByAge, WithoutAPositionInTheLogTheFirstMessageThatIsYoungEnoughIsNext) {
  KafkaAdmin admin(bootstrap());
  admin.create_topic(topic, 1);
  const auto now = std::chrono::system_clock::now();
  const auto numbered = [](int first, int last) {
    std::vector<std::string> all;
    for (int i = first; i <= last; ++i) all.push_back(std::to_string(i));
    return all;
  };
  produce_at(bootstrap(), topic, numbered(0, 19), now - 2h);
  produce_at(bootstrap(), topic, numbered(20, 29), now - 10min);
  const auto tune = [](routing::TopicBuilder& built) { built.initial_offset(std::chrono::milliseconds(1h)); };
  const auto offsets_of = [&](const std::string& of) {
    auto seen = std::make_shared<Recorder>();
    Application app(settings(), route(of, topic, seen, tune));
    app.start();
    EXPECT_TRUE(eventually([&] { return seen->count() >= 10; }));
    EXPECT_TRUE(eventually([&] { return admin.committed(of, topic) == admin.end_offsets(topic); }));
    EXPECT_TRUE(app.stop().in_time);
    std::vector<std::int64_t> offsets;
    for (const auto& one : seen->seen()) offsets.push_back(one.offset);
    return offsets;
  };
  const std::vector<std::int64_t> young{20, 21, 22, 23, 24, 25, 26, 27, 28, 29};
  EXPECT_EQ(offsets_of(unique_name("readers")), young) << "nothing is stored";
  commit_position(bootstrap(), group, topic, 5);
  delete_records_before(bootstrap(), topic, 12);
  EXPECT_EQ(offsets_of(group), young) << "what is stored is out of range";
}

class StartAtTheEnd : public KafkaTest {};

// What there is when it starts is skipped, and nothing that comes behind that.
TEST_F(StartAtTheEnd, APositionThatIsNotInTheLogAnyMoreGoesOnWithWhatComesNext) {
  KafkaAdmin admin(bootstrap());
  admin.create_topic(topic, 1);
  produce(20, 1);
  commit_position(bootstrap(), group, topic, 5);
  delete_records_before(bootstrap(), topic, 12);
  Application app(settings(), route(group, topic, recorder, [](routing::TopicBuilder& built) {
                    built.initial_offset(routing::InitialOffset::latest);
                  }));
  app.start();
  // Until it has found the end, what is written is before it.
  int written = 20;
  ASSERT_TRUE(eventually([&] {
    produce(1, 1);
    ++written;
    return recorder->count() > 0;
  }));
  produce(20, 1);
  written += 20;
  ASSERT_TRUE(eventually([&] { return admin.committed(group, topic) == admin.end_offsets(topic); }));
  EXPECT_TRUE(app.stop().in_time);
  const auto seen = recorder->seen();
  EXPECT_GE(seen.front().offset, 20) << "what was there before it started";
  for (std::size_t i = 0; i < seen.size(); ++i) {
    EXPECT_EQ(seen[i].offset, seen.front().offset + static_cast<std::int64_t>(i));
  }
  EXPECT_EQ(seen.back().offset, written - 1);
}

}  // namespace
}  // namespace braid::integration
